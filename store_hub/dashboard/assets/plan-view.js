// How the floor is looked at: drawn as wide as the zoom says in a box that scrolls; zoomed by buttons, Ctrl and wheel, or two fingers.
window.planView = (box, onZoom) => {
  const ZOOM_MAX = 12, STEP = 1.6, TARGET_PX = 44, TALLEST = 0.72;
  let zoom = 1, drawing = null, pinch = null;

  const floor = () => drawing.viewBox.baseVal;
  const whole = () => Math.max(1, Math.min(box.clientWidth, (innerHeight * TALLEST * floor().width) / floor().height)); // Pixels across at zoom 1.
  const size = () => { if (drawing) drawing.style.width = `${whole() * zoom}px`; };
  const between = ([one, other]) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
  const middle = ([one, other]) => [(one.clientX + other.clientX) / 2, (one.clientY + other.clientY) / 2];

  // What lies at `at` (on the screen; the middle without it) stays there.
  function set(next, at) {
    const edge = box.getBoundingClientRect(), before = zoom;
    const [x, y] = at ? [at[0] - edge.left, at[1] - edge.top] : [box.clientWidth / 2, box.clientHeight / 2];
    zoom = Math.min(ZOOM_MAX, Math.max(1, next));
    size();
    box.scrollLeft = ((box.scrollLeft + x) * zoom) / before - x;
    box.scrollTop = ((box.scrollTop + y) * zoom) / before - y;
  }
  const settle = (next, at) => { set(next, at); onZoom(); };

  box.addEventListener("wheel", (event) => {
    if (!event.ctrlKey) return;
    event.preventDefault();
    settle(zoom * Math.exp(-event.deltaY / 300), [event.clientX, event.clientY]);
  }, { passive: false });
  box.addEventListener("touchstart", (event) => {
    pinch = event.touches.length === 2 ? { far: between(event.touches), zoom } : null;
    if (pinch || event.target.closest(".chosen")) event.preventDefault(); // It must not scroll: touch-action does not hold inside every browser's SVG.
  }, { passive: false });
  box.addEventListener("touchmove", (event) => {
    if (!pinch || event.touches.length !== 2 || !event.cancelable) return;
    event.preventDefault();
    set((pinch.zoom * between(event.touches)) / pinch.far, middle(event.touches));
  }, { passive: false });
  for (const end of ["touchend", "touchcancel"]) box.addEventListener(end, () => { if (pinch) { pinch = null; onZoom(); } });
  addEventListener("resize", () => { size(); if (drawing) onZoom(); });

  return {
    pixelsPerMetre: () => (whole() * zoom) / floor().width,
    draw(next) {
      const kept = [box.scrollLeft, box.scrollTop];
      drawing = next;
      size();
      box.replaceChildren(drawing);
      [box.scrollLeft, box.scrollTop] = kept;
    },
    closer: () => settle(zoom * STEP),
    farther: () => settle(zoom / STEP),
    all: () => settle(1),
    // Bring a bay to the middle: large enough for a thumb, and whole, so that its corner can be taken.
    show(place) {
      const { width_m: width, depth_m: depth } = place;
      const scale = Math.min((TARGET_PX * 1.5) / Math.min(width, depth), (0.85 * box.clientWidth) / width, (0.85 * box.clientHeight) / depth);
      settle((scale * floor().width) / whole());
      const now = (whole() * zoom) / floor().width;
      box.scrollTo((place.x_m + width / 2) * now - box.clientWidth / 2, (place.y_m + depth / 2) * now - box.clientHeight / 2);
    },
  };
};
