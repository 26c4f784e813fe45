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

/** Fills a place with a table, or with a sentence when there is nothing to show. */
export function table<T>(place: string, caption: string, columns: Column<T>[], items: T[], wrong?: (item: T) => boolean): void {
  const head = el("tr", {}, ...columns.map(({ title, number }) => el("th", { scope: "col", textContent: title, className: number ? "number" : "" })));
  const rows = items.map((item) => {
    const cells = columns.map(({ cell, number }) => el("td", { className: number ? "number" : "" }, cell(item)));
    return el("tr", { className: wrong?.(item) ? "wrong-row" : "" }, ...cells);
  });
  const made = el("table", {}, el("caption", { textContent: caption, className: "visually-hidden" }), el("thead", {}, head), el("tbody", {}, ...rows));
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
    const cursor = this.cursors[this.cursors.length - 1];
    const { items, next_cursor } = await admin<List<T>>(`${this.path()}&limit=50${cursor ? `&cursor=${cursor}` : ""}`);
    this.show(items);
    const back = button(t("console-back"), () => attempt(() => this.walk(() => this.cursors.pop())));
    const on = button(t("console-on"), () => attempt(() => this.walk(() => this.cursors.push(next_cursor ?? ""))));
    byId(this.controls).replaceChildren(...(this.cursors.length > 1 ? [back] : []), ...(next_cursor ? [on] : []));
  }

  private async walk(step: () => unknown): Promise<void> {
    step();
    await this.here();
  }
}
