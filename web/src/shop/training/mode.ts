// Whether this is practice. It ends with the window: nobody opens the app in the morning and practises
// without knowing.
const MODE = "buono.training";

/** Whether nothing that is done now is real. */
export const inTraining = () => sessionStorage.getItem(MODE) !== null;

/** Begins or ends practice. */
export function train(on: boolean): void {
  if (on) sessionStorage.setItem(MODE, "1");
  else sessionStorage.removeItem(MODE);
}
