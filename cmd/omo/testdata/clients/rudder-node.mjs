// @rudderstack/rudder-sdk-node as a shop's server uses it: gzip under a form's content type.
import Analytics from "@rudderstack/rudder-sdk-node";

const { OMO_URL, OMO_KEY, OMO_RUN, OMO_COUNT } = process.env;
const analytics = new Analytics(OMO_KEY, { dataPlaneUrl: OMO_URL, flushAt: 20, flushInterval: 200, retryCount: 10, logLevel: "none" });

const userId = `${OMO_RUN}-person`;
const who = { anonymousId: OMO_RUN, userId };
const delivered = [];
const send = (call, message) =>
  delivered.push(new Promise((resolve, reject) => analytics[call](message, (error) => (error ? reject(error) : resolve()))));
for (let i = 0; i < Number(OMO_COUNT); i++) {
  send("identify", { ...who, traits: { rank: "gold", email: "a@shop.example" } });
  send("page", { ...who, name: "Cart", properties: { url: `https://shop.example/cart?n=${i}`, title: "カート" } });
  send("screen", { ...who, name: "Home" });
  send("track", {
    ...who,
    event: "Order Completed",
    properties: {
      order_id: `${OMO_RUN}-${i}`,
      revenue: 1000 + i,
      currency: "JPY",
      products: [{ product_id: `p${i}`, name: "Blouse", category: "tops", price: 1000 + i, quantity: 1 }],
    },
  });
  send("track", { ...who, event: "Video Played", properties: { seconds: i } });
  send("group", { ...who, groupId: "g1" });
  send("alias", { userId, previousId: OMO_RUN });
}
await Promise.all(delivered);
