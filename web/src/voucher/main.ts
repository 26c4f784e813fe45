// The citizen's pages: trades the link's secret for a session once, then follows the balance live.
// What is shown comes rendered from the server, in the reader's language; nothing is worded here.
import { openByLink } from "./door";
import { follow } from "./live";
import { offerPrint } from "./print";
import { searchShops } from "./shops";

const opening = document.getElementById("opening");
if (opening) {
  const open = () => void openByLink(opening);
  // a second link tapped while the page is open changes nothing but the fragment
  addEventListener("hashchange", open);
  open();
} else if (document.querySelector("[data-part=balance]")) {
  const refresh = follow();
  searchShops();
  offerPrint(refresh);
}
