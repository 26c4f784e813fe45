// Finds a shop in the list: by words, whatever their accents and capitals, by what it sells, and by how
// far it is, which only this page knows: where the phone is leaves it for nowhere.

const EARTH_KM = 6371;
const PLACE_MS = 15000;

interface Shop {
  line: HTMLElement;
  text: string;
  category: string;
  /** Degrees north and east, in radians. */
  at: [number, number] | undefined;
}

const plain = (text: string) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
const radians = (degrees: number) => (degrees * Math.PI) / 180;

function read(line: HTMLElement): Shop {
  const at = line.dataset.at?.split(" ").map((degrees) => radians(Number(degrees)));
  const category = line.querySelector(".category")?.textContent ?? "";
  const text = plain(line.querySelector("span")?.textContent ?? "");
  return { line, text, category, at: at && [at[0] ?? 0, at[1] ?? 0] };
}

/** As the crow flies. */
function kilometres([lat, lon]: [number, number], [lat2, lon2]: [number, number]): number {
  const half = (angle: number) => Math.sin(angle / 2) ** 2;
  return 2 * EARTH_KM * Math.asin(Math.sqrt(half(lat2 - lat) + Math.cos(lat) * Math.cos(lat2) * half(lon2 - lon)));
}

/** Puts the nearest first and says how far each is. */
function sortByDistance(shops: Shop[], here: [number, number], away: string): void {
  // figures of one kind only: the amounts' own
  const { lang } = document.documentElement;
  const number = new Intl.NumberFormat(lang === "ar" ? "it" : lang, { maximumFractionDigits: 1 });
  const far = shops.map((shop) => ({ ...shop, km: shop.at ? kilometres(here, shop.at) : Infinity }));
  for (const { line, km } of far.sort((a, b) => a.km - b.km)) {
    line.parentElement?.append(line);
    if (km === Infinity) continue;
    const said = line.querySelector(".away") ?? line.querySelector("span")?.appendChild(document.createElement("small"));
    if (!said) continue;
    said.className = "away";
    said.textContent = away.replace("#", number.format(km));
  }
}

/** Offers the order by distance where there is something to know; the phone is asked only on a tap. */
function offerDistance(shops: Shop[], say: (text: string) => void): void {
  const near = document.getElementById("near");
  if (!near || !("geolocation" in navigator) || !shops.some((shop) => shop.at)) return;
  near.hidden = false;
  near.addEventListener("click", () => {
    say(near.dataset.locating ?? "");
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        sortByDistance(shops, [radians(coords.latitude), radians(coords.longitude)], near.dataset.away ?? "");
        say("");
      },
      () => say(near.dataset.noPlace ?? ""),
      { timeout: PLACE_MS, maximumAge: 60000 },
    );
  });
}

/** Shows the search, which only works with a script. */
export function searchShops(): void {
  const filter = document.getElementById("filter");
  const wanted = document.getElementById("wanted") as HTMLInputElement | null;
  const category = document.getElementById("category") as HTMLSelectElement | null;
  const found = document.getElementById("found");
  if (!filter || !wanted || !category || !found) return;
  const shops = Array.from(document.querySelectorAll<HTMLElement>(".shops li"), read);
  const categories = new Set(shops.map((shop) => shop.category).filter(Boolean));
  for (const name of Array.from(categories).sort((a, b) => a.localeCompare(b))) category.add(new Option(name));
  filter.hidden = false;
  const say = (text: string) => (found.textContent = text);
  const search = () => {
    const words = plain(wanted.value).split(/\s+/);
    let count = 0;
    for (const shop of shops) {
      const fits = words.every((word) => shop.text.includes(word)) && (!category.value || shop.category === category.value);
      shop.line.hidden = !fits;
      if (fits) count += 1;
    }
    say(wanted.value || category.value ? `${found.dataset.label ?? ""} ${count}` : "");
  };
  wanted.addEventListener("input", search);
  category.addEventListener("change", search);
  offerDistance(shops, say);
}
