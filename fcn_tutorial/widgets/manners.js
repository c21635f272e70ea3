// What ipywidgets' controls lack: keys that stay with the control that has the focus (JupyterLab takes them for its own
// shortcuts, see ipywidgets' issue 3912: an arrow leaves the cell, "dd" deletes it), names of slider handles, radio
// buttons that belong together, so that Tab visits each question once, and pictures too wide for their place that Tab
// reaches and arrow keys move.
const jupyters = (event) => event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape"
  || (event.shiftKey && event.key === "Enter");

function nameHandles(box) {
  for (const handle of box.querySelectorAll(".noUi-handle")) {
    const name = handle.closest(".widget-inline-hbox")?.querySelector("label")?.textContent;
    if (name && handle.getAttribute("aria-label") !== name) handle.setAttribute("aria-label", name);
  }
}

function joinRadios(box) {
  for (const group of box.querySelectorAll(".widget-radio-box")) {
    const name = group.dataset.name ??= `fcn-${Math.random()}`; // one page can hold many quizzes
    group.querySelectorAll("input").forEach((radio) => { if (radio.name !== name) radio.name = name; });
    const words = group.closest(".widget-radio")?.previousElementSibling?.textContent.trim();
    if (words && group.getAttribute("aria-label") !== words) {
      group.setAttribute("role", "radiogroup");
      group.setAttribute("aria-label", words);
    }
  }
}

function letKeysMove(box) {
  for (const place of box.querySelectorAll(".widget-html-content:has(figure)")) {
    if (place.scrollWidth > place.clientWidth) place.tabIndex = 0;
    else place.removeAttribute("tabindex");
  }
}

function render({ el }) {
  let box = null;
  const look = () => { // this is rendered before its box is on the page, and controls can come later
    box ??= el.closest(".fcn-explorer");
    if (!box) return;
    if (!box.dataset.manners) {
      box.dataset.manners = "true";
      box.addEventListener("keydown", (event) => { if (!jupyters(event)) event.stopPropagation(); });
      watch.disconnect();
      watch.observe(box, { childList: true, subtree: true });
      size.observe(box);
    }
    nameHandles(box);
    joinRadios(box);
    letKeysMove(box);
  };
  const watch = new MutationObserver(look);
  const size = new ResizeObserver(look);
  watch.observe(document.body, { childList: true, subtree: true });
  el.style.display = "none";
  look();
  return () => [watch, size].forEach((observer) => observer.disconnect());
}
export default { render };
