// Shows markup made (and escaped) by the server, and changes in place only what differs: focus, scroll and open details stay.
const KEEP = { DETAILS: "open", BUTTON: "aria-expanded" };

function keyOf(node) {
  return node.nodeType === 1 ? node.getAttribute("data-key") || node.id || null : null;
}

function sameKind(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b);
}

function morphAttributes(now, next) {
  for (const { name, value } of [...next.attributes]) {
    if (now.getAttribute(name) !== value && KEEP[now.nodeName] !== name) now.setAttribute(name, value);
  }
  for (const { name } of [...now.attributes]) {
    if (!next.hasAttribute(name) && KEEP[now.nodeName] !== name) now.removeAttribute(name);
  }
}

function morphChildren(now, next) {
  let place = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    let match = place;
    const key = keyOf(wanted);
    if (key !== null) {
      while (match && keyOf(match) !== key) match = match.nextSibling;
    }
    if (match && sameKind(match, wanted)) {
      if (match !== place) now.insertBefore(match, place);
      else place = place.nextSibling;
      morph(match, wanted);
    } else {
      now.insertBefore(wanted, place);
    }
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function morph(now, next) {
  if (now.nodeType !== 1) {
    if (now.nodeValue !== next.nodeValue) now.nodeValue = next.nodeValue;
    return;
  }
  if (now.isEqualNode(next)) return;
  morphAttributes(now, next);
  if (now.nodeName !== "INPUT" && now.nodeName !== "TEXTAREA") morphChildren(now, next);
}

export default {
  template: `<div></div>`,
  props: { markup: String },
  mounted() {
    this.$el.innerHTML = this.markup;
    this.$el.addEventListener("click", (event) => this.act(event));
    this.$el.addEventListener("keydown", (event) => {
      const isOurs = event.target.getAttribute?.("role") === "button" && event.target.nodeName !== "BUTTON";
      const sends = event.target.getAttribute?.("data-enter");
      if (sends && event.key === "Enter") this.$el.querySelector(`#${sends}`)?.click();
      if (isOurs && (event.key === "Enter" || event.key === " ")) this.act(event);
    });
    this.$el.addEventListener("input", (event) => {
      const name = event.target.getAttribute?.("data-input");
      if (!name) return;
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.$emit("act", { act: name, value: event.target.value }), 150);
    });
  },
  updated() {
    const next = this.$el.cloneNode(false);
    next.innerHTML = this.markup;
    morphChildren(this.$el, next);
  },
  beforeUnmount() {
    clearTimeout(this.waiting);
  },
  methods: {
    act(event) {
      const source = event.target.closest?.("[data-act]");
      if (!source || !this.$el.contains(source) || source.getAttribute("aria-disabled") === "true") return;
      event.preventDefault();
      if (source.hasAttribute("data-once")) {
        source.setAttribute("aria-disabled", "true"); // The ledger's answer draws it anew; until then a second press does nothing.
        source.classList.add("sending");
      }
      // A button may bring along what stands in a field: typed and pressed at once, both arrive together.
      const field = this.$el.querySelector(`#${source.getAttribute("data-value-of") || "none"}`);
      const form = this.$el.querySelector(`#${CSS.escape(source.getAttribute("data-values-in") || "none")}`);
      const inputs = form ? [...form.querySelectorAll("input[name]")].map((input) => [input.name, input.value]) : [];
      const typed = form ? { typed: new URLSearchParams(inputs).toString() } : field ? { typed: field.value } : {};
      this.$emit("act", { act: source.getAttribute("data-act"), value: source.getAttribute("data-value") || "", ...typed });
    },
  },
};
