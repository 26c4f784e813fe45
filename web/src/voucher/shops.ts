// Finds a shop in the list, whatever its accents and capitals.

const plain = (text: string) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

/** Shows the search field, which only works with a script. */
export function searchShops(): void {
  const filter = document.getElementById("filter");
  const wanted = document.getElementById("wanted") as HTMLInputElement | null;
  const found = document.getElementById("found");
  if (!filter || !wanted || !found) return;
  const shops = Array.from(document.querySelectorAll<HTMLElement>(".shops li"), (line) => ({ line, text: plain(line.textContent ?? "") }));
  filter.hidden = false;
  wanted.addEventListener("input", () => {
    const words = plain(wanted.value).split(/\s+/);
    let count = 0;
    for (const { line, text } of shops) {
      line.hidden = !words.every((word) => text.includes(word));
      if (!line.hidden) count += 1;
    }
    found.textContent = wanted.value ? `${found.dataset.label ?? ""} ${count}` : "";
  });
}
