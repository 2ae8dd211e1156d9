// Tells omotenashi what happened on this page. The queue below works before the beacon
// has arrived: b.js takes over whatever is in it.
window.omo = window.omo || function () {
  (window.omo.q = window.omo.q || []).push(arguments);
};

const block = document.getElementById("shop-events");
for (const { name, properties } of JSON.parse(block?.textContent || "[]") || []) {
  window.omo("track", name, properties);
}
