// A camera's picture of a QR code, as Chromium's false camera plays it.
import { writeFileSync } from "node:fs";

const [WIDTH, HEIGHT] = [640, 480];

/** Writes a video that shows this drawing on a white table. */
export async function film(browser, svg, path) {
  const page = await browser.newPage();
  const luma = await page.evaluate(
    async ([svg, width, height]) => {
      const image = new Image();
      image.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
      await image.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width, height });
      const context = canvas.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, width, height);
      // held a little askew, as people do
      context.translate(width / 2, height / 2);
      context.rotate(0.1);
      context.drawImage(image, -150, -150, 300, 300);
      const { data } = context.getImageData(0, 0, width, height);
      return Array.from({ length: width * height }, (_, at) => data[at * 4]);
    },
    [svg, WIDTH, HEIGHT],
  );
  await page.close();
  const frame = Buffer.concat([Buffer.from("FRAME\n"), Buffer.from(luma), Buffer.alloc((WIDTH * HEIGHT) / 2, 128)]);
  writeFileSync(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${WIDTH} H${HEIGHT} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
}
