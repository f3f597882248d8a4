// The planogram's editor: the floor to scale, bays and facings dragged and resized, undo and redo; the hub checks and puts in force.
(() => {
  const words = JSON.parse(document.getElementById("words").textContent);
  const SVG = "http://www.w3.org/2000/svg", STEP = 0.05, HISTORY_MAX = 200;
  const byId = (id) => document.getElementById(id);
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const snap = (metres) => Math.round(metres / STEP) * STEP, tidy = (metres) => Number(metres.toFixed(3));
  let plan = null, seen = 0, history = [], chosen = "", notes = [], past = [], ahead = [], strips = [];

  function element(kind, attributes = {}, ...children) {
    const made = kind.startsWith("svg:") ? document.createElementNS(SVG, kind.slice(4)) : document.createElement(kind);
    for (const [key, value] of Object.entries(attributes)) {
      if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== false && value != null) made.setAttribute(key, value === true ? "" : value);
    }
    made.append(...children.filter((child) => child !== "" && child != null && child !== false));
    return made;
  }
  const button = (text, act, more = {}) => element("button", { type: "button", onclick: act, ...more }, text);

  // ---- changing, undoing

  // A field that is typed into stays as it is, so that focus goes on to the next; everything else is drawn anew.
  function change(make, typed = false) {
    past.push(JSON.stringify(plan));
    if (past.length > HISTORY_MAX) past.shift();
    ahead = [];
    make();
    notes = [words.changed];
    if (!typed) return draw();
    drawTools();
    drawFloor();
    for (const redraw of strips) redraw();
  }
  function step(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify(plan));
    plan = JSON.parse(from.pop());
    draw();
  }
  const bayOf = (id) => plan.bays.find((bay) => bay.bay_id === id);
  const shelves = () => plan.bays.flatMap((bay) => bay.shelves);
  function fresh(prefix, taken) {
    let number = 1;
    while (taken.includes(`${prefix}${number}`)) number += 1;
    return `${prefix}${number}`;
  }

  // Follows a finger or mouse on a drawing; `move(dx, dy)` in the drawing's metres since the start, `drop` once at the end.
  function drag(event, drawing, move) {
    event.preventDefault();
    event.stopPropagation();
    const before = JSON.stringify(plan), scale = drawing.viewBox.baseVal.width / drawing.getBoundingClientRect().width, start = [event.clientX, event.clientY];
    const follow = (now) => { move((now.clientX - start[0]) * scale, (now.clientY - start[1]) * scale); };
    const drop = () => {
      removeEventListener("pointermove", follow);
      removeEventListener("pointerup", drop);
      removeEventListener("pointercancel", drop);
      if (JSON.stringify(plan) === before) return draw();
      past.push(before);
      ahead = [];
      notes = [words.changed];
      draw();
    };
    addEventListener("pointermove", follow);
    addEventListener("pointerup", drop);
    addEventListener("pointercancel", drop);
  }

  // ---- the floor

  function drawFloor() {
    const drawing = element("svg:svg", { viewBox: `0 0 ${plan.width_m} ${plan.depth_m}`, role: "group", "aria-label": words.help });
    drawing.append(element("svg:rect", { width: plan.width_m, height: plan.depth_m, class: "ground" }));
    for (const zone of plan.zones || []) drawing.append(element("svg:rect", { x: zone.place.x_m, y: zone.place.y_m, width: zone.place.width_m, height: zone.place.depth_m, class: "zone" }), element("svg:text", { x: zone.place.x_m + 0.1, y: zone.place.y_m + zone.place.depth_m - 0.12, "font-size": 0.22, class: "zone-name" }, zone.name));
    for (const bay of plan.bays) drawing.append(drawBay(bay, drawing));
    for (const door of plan.doors || []) drawing.append(element("svg:line", { x1: door.x1_m, y1: door.y1_m, x2: door.x2_m, y2: door.y2_m, class: "door" }));
    byId("floor").replaceChildren(drawing, element("p", { class: "small soft" }, words.help));
  }

  function drawBay(bay, drawing) {
    const place = bay.place, box = element("svg:rect", { x: place.x_m, y: place.y_m, width: place.width_m, height: place.depth_m });
    const size = Math.min(0.32, Math.max(0.16, place.depth_m / 2.6)), tall = place.depth_m > place.width_m * 1.6;
    const middle = [place.x_m + place.width_m / 2, place.y_m + place.depth_m / 2];
    const text = element("svg:text", { x: middle[0], y: middle[1], "font-size": size, transform: tall ? `rotate(-90 ${middle[0]} ${middle[1]})` : null }, bay.name);
    const handle = element("svg:rect", { x: place.x_m + place.width_m - 0.16, y: place.y_m + place.depth_m - 0.16, width: 0.16, height: 0.16, class: "handle" });
    const group = element("svg:g", { class: `bay${bay.bay_id === chosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-label": bay.name, "data-bay": bay.bay_id }, box, text, handle);
    const inside = () => {
      place.width_m = tidy(Math.min(Math.max(0.2, snap(place.width_m)), plan.width_m));
      place.depth_m = tidy(Math.min(Math.max(0.1, snap(place.depth_m)), plan.depth_m));
      place.x_m = tidy(Math.min(Math.max(0, snap(place.x_m)), plan.width_m - place.width_m));
      place.y_m = tidy(Math.min(Math.max(0, snap(place.y_m)), plan.depth_m - place.depth_m));
    };
    group.addEventListener("pointerdown", (event) => {
      chosen = bay.bay_id;
      const start = { ...place }, resizing = event.target === handle;
      let now = group;
      drag(event, drawing, (dx, dy) => {
        if (resizing) { place.width_m = start.width_m + dx; place.depth_m = start.depth_m + dy; } else { place.x_m = start.x_m + dx; place.y_m = start.y_m + dy; }
        inside();
        const next = drawBay(bay, drawing);
        now.replaceWith(next);
        now = next;
      });
    });
    group.addEventListener("keydown", (event) => {
      const by = event.shiftKey ? 0.5 : STEP, ways = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, -by], ArrowDown: [0, by] }[event.key];
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); chosen = bay.bay_id; draw(); refocus(bay.bay_id); }
      if (!ways) return;
      event.preventDefault();
      change(() => { place.x_m += ways[0]; place.y_m += ways[1]; inside(); });
      refocus(bay.bay_id);
    });
    return group;
  }
  const refocus = (id) => document.querySelector(`[data-bay="${CSS.escape(id)}"]`)?.focus();

  // ---- the bay's panel

  function field(label, value, set, more = {}) {
    const input = element("input", { value, ...more });
    input.addEventListener("change", () => change(() => set(more.type === "checkbox" ? input.checked : more.type === "number" ? Number(input.value) : input.value), true));
    return element("label", { class: "field" }, element("span", {}, label), input);
  }
  const number = (label, value, set, more = {}) => field(label, value, set, { type: "number", step: STEP, ...more });
  function select(label, value, options, set) {
    const box = element("select", { onchange: (event) => change(() => set(event.target.value), true) }, ...options.map(([key, text]) => element("option", { value: key, selected: key === value }, text)));
    return element("label", { class: "field" }, element("span", {}, label), box);
  }

  function drawPanel() {
    const bay = bayOf(chosen);
    strips = [];
    if (!bay) return byId("panel").replaceChildren(element("p", { class: "soft" }, words.pick));
    const place = bay.place, ways = ["north", "south", "east", "west"].map((way) => [way, words[way]]);
    const fields = element("div", { class: "fields" }, field(words.name, bay.name, (value) => { bay.name = value; }),
      number(words.x, place.x_m, (value) => { place.x_m = value; }), number(words.y, place.y_m, (value) => { place.y_m = value; }),
      number(words.width, place.width_m, (value) => { place.width_m = value; }), number(words.depth, place.depth_m, (value) => { place.depth_m = value; }),
      select(words.faces, bay.faces || "south", ways, (value) => { bay.faces = value; }));
    const addShelf = () => change(() => bay.shelves.push({ shelf_id: fresh(`${bay.bay_id}-shelf-`, shelves().map((shelf) => shelf.shelf_id)), level: bay.shelves.length + 1, width_m: Math.max(place.width_m, place.depth_m), weighed: false, facings: [] }));
    const removeBay = () => change(() => { plan.bays = plan.bays.filter((one) => one !== bay); });
    byId("panel").replaceChildren(element("h2", {}, bay.name), fields, ...bay.shelves.map((shelf) => drawShelf(bay, shelf)),
      element("div", { class: "bar" }, button(words.add_shelf, addShelf), button(words.remove_bay, removeBay)));
  }

  function drawShelf(bay, shelf) {
    shelf.facings ||= [];
    const strip = element("svg:svg", { viewBox: `0 0 ${shelf.width_m} 0.24`, preserveAspectRatio: "none", class: "strip", "aria-hidden": "true" }, element("svg:rect", { width: shelf.width_m, height: 0.24, class: "ground" }));
    const redraw = () => strip.replaceChildren(strip.firstChild, ...shelf.facings.map((facing, index) => drawFacing(shelf, facing, index, strip)));
    redraw();
    strips.push(redraw);
    const free = shelf.facings.reduce((end, facing) => Math.max(end, (facing.from_m || 0) + (facing.width_m ?? 0.3)), 0);
    const add = () => change(() => shelf.facings.push({ sku: plan.products[0].sku, from_m: tidy(Math.min(free, Math.max(0, shelf.width_m - 0.2))), width_m: 0.2, capacity_units: 10, low_units: 2 }));
    const remove = () => change(() => { bay.shelves = bay.shelves.filter((one) => one !== shelf); });
    return element("section", { class: "shelf" }, element("h3", {}, fill(words.shelf, { level: shelf.level })), strip,
      element("ul", {}, ...shelf.facings.map((facing) => drawFacingFields(shelf, facing))),
      element("div", { class: "bar" }, button(words.add_facing, add), field(words.weighed, "", (value) => { shelf.weighed = value; }, { type: "checkbox", checked: shelf.weighed !== false }), button(words.remove, remove)));
  }

  function drawFacing(shelf, facing, index, strip) {
    const width = facing.width_m ?? 0.3, from = facing.from_m || 0;
    const box = element("svg:rect", { x: from, y: 0.02, width, height: 0.2, class: `facing f${index % 2}` }), edge = element("svg:rect", { x: from + width - 0.03, y: 0.02, width: 0.03, height: 0.2, class: "handle" });
    const group = element("svg:g", {}, element("svg:title", {}, nameOf(facing.sku)), box, edge);
    group.addEventListener("pointerdown", (event) => {
      const start = { from, width }, resizing = event.target === edge;
      let now = group;
      drag(event, strip, (dx) => {
        if (resizing) facing.width_m = tidy(Math.max(STEP, Math.min(snap(start.width + dx), shelf.width_m - from)));
        else facing.from_m = tidy(Math.max(0, Math.min(snap(start.from + dx), shelf.width_m - width)));
        const next = drawFacing(shelf, facing, index, strip);
        now.replaceWith(next);
        now = next;
      });
    });
    return group;
  }
  const nameOf = (sku) => plan.products.find((product) => product.sku === sku)?.name || sku;

  // What was planned for another capacity no longer holds: the hub works it out anew where it is left out.
  function agree(facing) {
    if (facing.full_units != null && (facing.full_units <= facing.low_units || facing.full_units > facing.capacity_units)) delete facing.full_units;
    if (facing.start_units != null && facing.start_units > facing.capacity_units) delete facing.start_units;
  }

  function drawFacingFields(shelf, facing) {
    const whole = { step: 1, min: 0 };
    return element("li", {}, select(words.article, facing.sku, plan.products.map((product) => [product.sku, product.name]), (value) => { facing.sku = value; }),
      number(words.capacity, facing.capacity_units, (value) => { facing.capacity_units = value; agree(facing); }, whole), number(words.low, facing.low_units, (value) => { facing.low_units = value; agree(facing); }, whole),
      number(words.from, facing.from_m || 0, (value) => { facing.from_m = value; }), number(words.width, facing.width_m ?? 0.3, (value) => { facing.width_m = value; }),
      button(words.remove, () => change(() => { shelf.facings = shelf.facings.filter((one) => one !== facing); }), { "aria-label": `${words.remove}: ${nameOf(facing.sku)}` }));
  }

  // ---- tools, notes, versions

  function drawTools() {
    const addBay = () => change(() => {
      chosen = fresh("bay-", plan.bays.map((bay) => bay.bay_id));
      plan.bays.push({ bay_id: chosen, name: chosen, place: { x_m: 0, y_m: 0, width_m: 1, depth_m: 0.5 }, faces: "south", shelves: [] });
    });
    byId("tools").replaceChildren(button(words.undo, () => step(past, ahead), { disabled: !past.length }), button(words.redo, () => step(ahead, past), { disabled: !ahead.length }),
      button(words.add_bay, addBay), button(words.check, check), button(words.force, force, { class: "main", disabled: !past.length }));
    byId("notes").replaceChildren(...notes.map((note) => element("p", { class: "banner" }, note)));
    byId("history").replaceChildren(element("h2", {}, words.history), element("ul", { class: "versions" }, ...history.map((one) => element("li", {}, element("span", {}, fill(words.version, one)),
      one.journal_id === seen ? element("span", { class: "soft" }, words.in_force) : button(words.put_back, () => put(`/plan/back?journal_id=${one.journal_id}`, ""), { "aria-label": `${words.put_back}: ${fill(words.version, one)}` })))));
  }
  function draw() {
    drawTools();
    if (!plan) return byId("panel").replaceChildren(element("p", { class: "soft" }, words.none));
    drawFloor();
    drawPanel();
  }

  async function send(address, body) {
    try {
      const answer = await fetch(address, { method: "POST", headers: { "content-type": "application/json", "x-seen": String(seen) }, body });
      const said = await answer.json();
      return { ok: "version" in said, ...said };
    } catch (problem) {
      return { ok: false, problems: [String(problem)] };
    }
  }
  async function check() {
    const said = await send("/plan/check", JSON.stringify(plan));
    notes = said.problems.length ? said.problems : [words.well];
    draw();
  }
  const force = () => put("/plan/force", JSON.stringify(plan));
  async function put(address, body) {
    const said = await send(address, body);
    notes = said.problems;
    if (said.ok) {
      await load();
      notes = [fill(words.done, { version: said.version })];
    }
    draw();
  }
  async function load() {
    const said = await (await fetch("/plan/current")).json();
    ({ plan, seen, history } = said);
    history ||= [];
    notes = said.problems || [];
    [past, ahead] = [[], []];
    draw();
  }

  addEventListener("beforeunload", (event) => { if (past.length) event.preventDefault(); });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target.matches("input")) return;
    event.preventDefault();
    if (event.shiftKey) step(ahead, past);
    else step(past, ahead);
  });
  load();
})();
