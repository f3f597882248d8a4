// Keeps the staff's page on the phone, so that it opens without a network. What it shows is kept by the page itself.
const KEPT = "aislewise-staff-VERSION";
const SHELL = ["/staff", "/assets/pages.js?v=VERSION", "/assets/pages.css?v=VERSION", "/assets/staff.css?v=VERSION", "/assets/staff.js?v=VERSION", "/assets/favicon.svg", "/assets/icon-192.png"];

self.addEventListener("install", (event) => event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(SHELL)).then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(
  caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("aislewise-staff-") && name !== KEPT).map((name) => caches.delete(name)))).then(() => self.clients.claim())));

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin) return;
  if (pathname === "/staff") event.respondWith(fresh(event.request));
  else if (pathname.startsWith("/s/")) event.respondWith(Promise.resolve(Response.redirect(`/staff?shelf=${pathname.slice(3)}`, 302))); // As the hub does.
  else if (pathname.startsWith("/assets/")) event.respondWith(caches.match(event.request).then((kept) => kept || fetch(event.request)));
});

// The hub's own page where it answers soon, the kept one where it does not.
async function fresh(request) {
  const kept = await caches.open(KEPT);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(4000) });
    if (answer.ok && !answer.redirected) await kept.put("/staff", answer.clone());
    return answer;
  } catch {
    return (await kept.match("/staff")) || Response.error();
  }
}
