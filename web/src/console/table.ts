// Tables of the console, and walking through lists that are longer than a page.
import { button, byId, el, type Child } from "../shared/dom";
import { t } from "../shared/texts";
import { admin, attempt, type List } from "./api";

/** A column: its title, what stands in it, and whether that is a number. */
export interface Column<T> {
  title: string;
  cell: (item: T) => Child;
  number?: boolean;
}

/** Fills a place with a table, or with a sentence when there is nothing to show. On a phone each row is a card whose lines
 * bear the columns' titles; the roles keep it a table for whoever hears it. */
export function table<T>(place: string, caption: string, columns: Column<T>[], items: T[], wrong?: (item: T) => boolean): void {
  const heads = columns.map(({ title, number }) => el("th", { role: "columnheader", scope: "col", textContent: title, className: number ? "number" : "" }));
  const rows = items.map((item) => {
    const cells = columns.map(({ title, cell, number }) => {
      const made = el("td", { role: "cell", className: number ? "number" : "" }, cell(item));
      made.dataset["title"] = title;
      return made;
    });
    return el("tr", { role: "row", className: wrong?.(item) ? "wrong-row" : "" }, ...cells);
  });
  const head = el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ...heads));
  const body = el("tbody", { role: "rowgroup" }, ...rows);
  const made = el("table", { role: "table" }, el("caption", { textContent: caption, className: "visually-hidden" }), head, body);
  const scroll = el("div", { className: "scroll", tabIndex: 0 }, made);
  scroll.setAttribute("role", "group");
  scroll.setAttribute("aria-label", caption);
  byId(place).replaceChildren(items.length ? scroll : el("p", { textContent: t("console-empty") }));
}

/** A list that is walked page by page. */
export class Pages<T> {
  /** Where each page that was seen begins. */
  private cursors: string[] = [""];

  constructor(
    private readonly path: () => string,
    private readonly show: (items: T[]) => void,
    private readonly controls: string,
  ) {}

  /** The first page again. */
  async first(): Promise<void> {
    this.cursors = [""];
    await this.here();
  }

  /** The page where one is. */
  async here(): Promise<void> {
    await this.go(this.cursors);
  }

  /** Shows the last of these pages. Whoever hears no answer stays where they were. */
  private async go(cursors: string[]): Promise<void> {
    const cursor = cursors[cursors.length - 1];
    const { items, next_cursor } = await admin<List<T>>(`${this.path()}&limit=50${cursor ? `&cursor=${cursor}` : ""}`);
    this.cursors = cursors;
    this.show(items);
    const back = button(t("console-back"), () => attempt(() => this.go(cursors.slice(0, -1))));
    const on = button(t("console-on"), () => attempt(() => this.go([...cursors, next_cursor ?? ""])));
    byId(this.controls).replaceChildren(...(cursors.length > 1 ? [back] : []), ...(next_cursor ? [on] : []));
  }
}
