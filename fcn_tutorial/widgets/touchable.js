// A picture of rows x columns places. Python hears of touches by messages {places}, of the frame through `frame`.
function render({ model, el }) {
  const part = (tag, name) => Object.assign(document.createElement(tag), { className: name });
  const box = part("div", "fcn-touchable"), image = part("img", "");
  const frame = part("div", "frame"), said = part("div", "said");
  Object.entries({ tabindex: 0, role: "application" }).forEach(([key, value]) => box.setAttribute(key, value));
  said.setAttribute("aria-live", "polite");
  image.alt = "";
  image.draggable = false;
  box.append(image, frame, said);
  el.append(box);
  const size = () => [model.get("rows"), model.get("columns")];
  const share = (n, of) => `${(100 * n) / of}%`;

  function sharpen() { // squares stay squares when enlarged; thin lines stay when made smaller
    image.style.imageRendering = image.naturalWidth < image.clientWidth ? "pixelated" : "auto";
  }
  function place(part, [row, column]) {
    const [rows, columns] = size();
    Object.assign(part.style, {
      left: share(column, columns), top: share(row, rows), width: share(1, columns), height: share(1, rows),
    });
  }
  function show() {
    image.src = model.get("source");
    box.style.width = `${model.get("width")}px`;
    box.setAttribute("aria-label", model.get("description"));
    box.querySelectorAll(".dab").forEach((dab) => dab.remove());
    showFrame();
  }
  function showFrame() {
    place(frame, model.get("frame"));
  }
  function move(to) {
    const inside = to.map((n, axis) => Math.min(Math.max(n, 0), size()[axis] - 1));
    model.set("frame", inside);
    said.textContent = `row ${inside[0]}, column ${inside[1]}`;
    return inside;
  }
  let stroke = null; // the places of a press or a drag, sent when pointer or key is lifted; each gets there, in order
  function extend(to) {
    const [row, column] = move(to), [r, c] = stroke.at(-1) ?? [row, column];
    const steps = Math.max(Math.abs(row - r), Math.abs(column - c), 1);
    for (let step = stroke.length ? 1 : steps; step <= steps; step++) { // a fast pointer leaves no gaps
      const at = [r + Math.round(((row - r) * step) / steps), c + Math.round(((column - c) * step) / steps)];
      stroke.push(at);
      if (model.get("paint")) place(box.appendChild(part("div", "dab")), at);
    }
  }
  function lift() {
    model.save_changes();
    if (stroke) model.send({ places: stroke });
    stroke = null;
  }

  function under(event) {
    const { left, top, width, height } = image.getBoundingClientRect(), [rows, columns] = size();
    const [down, across] = [(event.clientY - top) / height, (event.clientX - left) / width];
    return [Math.floor(down * rows), Math.floor(across * columns)];
  }
  box.addEventListener("pointerdown", (event) => {
    stroke = [];
    box.focus();
    box.setPointerCapture(event.pointerId);
    extend(under(event));
    event.preventDefault();
  });
  box.addEventListener("pointermove", (event) => { if (stroke && model.get("paint")) extend(under(event)); });
  box.addEventListener("pointerup", lift);
  box.addEventListener("pointercancel", () => { stroke = null; show(); });

  const arrows = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  box.addEventListener("keydown", (event) => {
    const frame = model.get("frame"), way = arrows[event.key], step = event.shiftKey ? 8 : 1;
    if (event.key === " " || event.key === "Enter") {
      if (!stroke) {
        stroke = [];
        extend(frame);
      }
    } else if (way) {
      const to = frame.map((n, axis) => n + step * way[axis]);
      if (model.get("paint") && event.ctrlKey) stroke ??= [];
      if (model.get("paint") && stroke) extend(to);
      else {
        move(to);
        model.save_changes();
      }
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the notebook has uses of its own for these keys
  });
  box.addEventListener("keyup", (event) => { if ([" ", "Enter", "Control"].includes(event.key)) lift(); });
  box.addEventListener("blur", lift);

  image.addEventListener("load", sharpen);
  const watch = new ResizeObserver(sharpen);
  watch.observe(image);
  model.on("change:source change:description change:width change:rows change:columns", show);
  model.on("change:frame", showFrame);
  show();
  return () => watch.disconnect();
}
export default { render };
