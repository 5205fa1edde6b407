"""Makes screenshots small: 256 colours are enough for text on plain ground.

The browser finds the colours; what is left is to write them down as a PNG with a palette.
"""

import base64
import struct
import zlib

from playwright.async_api import Page

# The commonest colours exactly, and for the others the averages of the commonest neighbourhoods.
_TO_PALETTE = """
async (address) => {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const brush = canvas.getContext("2d");
  brush.drawImage(image, 0, 0);
  const pixels = new Uint32Array(brush.getImageData(0, 0, image.width, image.height).data.buffer);
  const parts = (c) => [c & 255, (c >> 8) & 255, (c >> 16) & 255];
  const counts = new Map();
  for (const c of pixels) counts.set(c, (counts.get(c) ?? 0) + 1);
  const common = [...counts].sort((a, b) => b[1] - a[1]);
  const palette = common.slice(0, 96).map(([c]) => parts(c));
  const near = new Map();
  for (const [c, count] of common.slice(96)) {
    const rgb = parts(c);
    const key = rgb.map((v) => v >> 4).join();
    const sum = near.get(key) ?? [0, 0, 0, 0];
    near.set(key, [...rgb.map((v, i) => sum[i] + v * count), sum[3] + count]);
  }
  const averages = [...near.values()].sort((a, b) => b[3] - a[3]).slice(0, 160);
  palette.push(...averages.map((sum) => sum.slice(0, 3).map((v) => Math.round(v / sum[3]))));
  const nearest = ([r, g, b]) => {
    let best = 0, least = Infinity;
    palette.forEach(([x, y, z], n) => {
      const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
      if (far < least) [best, least] = [n, far];
    });
    return best;
  };
  const places = new Map(common.map(([c]) => [c, nearest(parts(c))]));
  const text = [];
  for (const c of pixels) text.push(String.fromCharCode(places.get(c)));
  return { width: image.width, height: image.height, palette, pixels: btoa(text.join("")) };
}
"""


async def shrunk(page: Page, png: bytes) -> bytes:
    """The same picture in at most 256 colours; ``page`` is only used to calculate."""
    address = "data:image/png;base64," + base64.b64encode(png).decode()
    found = await page.evaluate(_TO_PALETTE, address)
    width, height = found["width"], found["height"]
    pixels = base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[y * width : (y + 1) * width] for y in range(height))
    palette = b"".join(bytes(colour) for colour in found["palette"])
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, content) for name, content in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    checksum = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum)
