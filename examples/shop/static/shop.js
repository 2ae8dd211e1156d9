// Tells omotenashi what happened on this page. The queue below works before the beacon
// has arrived: b.js takes over whatever is in it.
window.omo = window.omo || function () {
  (window.omo.q = window.omo.q || []).push(arguments);
};

const block = document.getElementById("shop-events");
for (const { name, properties } of JSON.parse(block?.textContent || "[]") || []) {
  window.omo("track", name, properties);
}

// A chat tool in a few lines, to walk through the demo with: it answers, and tells omotenashi when it did and when the
// chat ended. A real one does the same from its own callbacks.
window.omotenashiChat = ({ campaign, variant }) => {
  const tell = (state) => window.omo("track", "omo_chat", { state, campaign, variant, channel: "chat" });
  const box = document.createElement("dialog");
  const line = (text) => box.insertBefore(Object.assign(document.createElement("p"), { textContent: text }), end);
  const end = Object.assign(document.createElement("button"), { className: "button", textContent: "チャットを終える" });
  box.className = "chat";
  box.setAttribute("aria-label", "チャット");
  box.append(end);
  line("担当者におつなぎしています。");
  const answer = setTimeout(() => {
    line("お待たせいたしました。おもてなし商店の佐藤です（デモの自動応答です）。");
    tell("answered");
  }, 2000);
  end.onclick = () => box.close();
  box.onclose = () => {
    clearTimeout(answer);
    tell("ended");
    box.remove();
  };
  document.body.append(box);
  box.show();
};
