// @segment/analytics-node as a shop's server uses it.
import { Analytics } from "@segment/analytics-node";

const { OMO_URL, OMO_KEY, OMO_RUN, OMO_COUNT } = process.env;
const analytics = new Analytics({ writeKey: OMO_KEY, host: OMO_URL, flushAt: 20, flushInterval: 200, maxRetries: 10 });
analytics.on("error", (e) => {
  console.error(e);
  process.exitCode = 1;
});

const userId = `${OMO_RUN}-person`;
const who = { anonymousId: OMO_RUN, userId };
for (let i = 0; i < Number(OMO_COUNT); i++) {
  analytics.identify({ ...who, traits: { rank: "gold", email: "a@shop.example" } });
  analytics.page({ ...who, name: "Cart", properties: { url: `https://shop.example/cart?n=${i}`, title: "カート" } });
  analytics.screen({ ...who, name: "Home" });
  analytics.track({
    ...who,
    event: "Order Completed",
    properties: {
      order_id: `${OMO_RUN}-${i}`,
      revenue: 1000 + i,
      currency: "JPY",
      products: [{ product_id: `p${i}`, name: "Blouse", category: "tops", price: 1000 + i, quantity: 1 }],
    },
  });
  analytics.track({ ...who, event: "Video Played", properties: { seconds: i } });
  analytics.group({ ...who, groupId: "g1" });
  analytics.alias({ userId, previousId: OMO_RUN });
}
await analytics.closeAndFlush({ timeout: 120_000 });
