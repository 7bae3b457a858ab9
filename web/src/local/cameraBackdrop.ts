/** What is drawn behind whoever sits before the camera; by the browser, which is fast enough for every frame. */

/** A colour, or the picture itself blurred. */
export function drawBehind(context: OffscreenCanvasRenderingContext2D, own: CanvasImageSource, wanted: string): void {
  const { width, height } = context.canvas;
  if (wanted.startsWith("blur:")) {
    context.filter = `blur(${Number(wanted.slice(5))}px)`;
    context.drawImage(own, 0, 0, width, height);
    context.filter = "none";
  } else {
    context.fillStyle = wanted;
    context.fillRect(0, 0, width, height);
  }
}

/** As large as needed to leave nothing uncovered, in the middle. */
export function drawCovering(context: OffscreenCanvasRenderingContext2D, picture: ImageBitmap): void {
  const { width, height } = context.canvas;
  const scale = Math.max(width / picture.width, height / picture.height);
  const [w, h] = [picture.width * scale, picture.height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
}
