// The camera's picture on a screen, and plain words where there is none.
import { button, el } from "../../shared/dom";
import { t } from "../../shared/texts";
import { Camera, cameraThere, type Trouble } from "../reader/camera";

/** What a picture is for. */
interface Purpose {
  /** Hears what is read. */
  read: (text: string) => unknown;
  /** The person has turned it off. */
  off: () => void;
}

let camera: Camera | undefined;

/** Where a picture comes; nothing on a device that can have none. */
export const picturePlace = () => (cameraThere() ? el("div", { id: "camera", className: "camera" }) : undefined);

function sayTrouble(place: HTMLElement, trouble: Trouble, purpose: Purpose): void {
  place.replaceChildren(el("p", { textContent: t(`till-camera-${trouble}`), className: "trouble", role: "status" }));
  // what a browser cannot do it can do as little in a minute
  if (trouble !== "unable") place.append(button(t("till-camera-again"), async () => openPicture(place, purpose)));
}

/** Opens the camera there, and hands on what it reads until another screen comes. */
export async function openPicture(place: HTMLElement, purpose: Purpose): Promise<void> {
  closePicture();
  const video = el("video", { muted: true, playsInline: true });
  video.setAttribute("aria-label", t("till-camera-label"));
  const preparing = el("p", { className: "preparing", role: "status" });
  const stop = button(t("till-camera-off"), async () => {
    closePicture();
    purpose.off();
  }, "btn-light");
  place.replaceChildren(el("div", { className: "picture" }, video, el("span", { className: "frame" }), preparing), stop);
  camera = new Camera(video, (trouble) => sayTrouble(place, trouble, purpose));
  const trouble = await camera.start(purpose.read, (on) => (preparing.textContent = on ? t("till-camera-preparing") : ""));
  if (trouble && place.isConnected) sayTrouble(place, trouble, purpose);
}

/** Gives the camera back. */
export const closePicture = () => camera?.stop();
