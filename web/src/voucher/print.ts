// Prints the voucher as a sheet, or as a card for the purse, with the balance of this moment.

/** Shows the buttons, which only work with a script; the browser's own printing makes a sheet. */
export function offerPrint(refresh: () => Promise<boolean>): void {
  const { classList } = document.documentElement;
  document.querySelectorAll<HTMLElement>("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      void refresh().then((stays) => {
        // nobody gets another voucher on paper than the one they see
        if (!stays) return;
        classList.toggle("card", button.dataset.print === "card");
        window.print();
      });
    });
  });
  addEventListener("afterprint", () => classList.remove("card"));
}
