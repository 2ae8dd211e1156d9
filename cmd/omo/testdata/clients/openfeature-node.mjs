// @openfeature/ofrep-provider under the server SDK: one evaluation a call.
import { OpenFeature } from "@openfeature/server-sdk";
import { OFREPProvider } from "@openfeature/ofrep-provider";

const { OMO_URL, OMO_KEY } = process.env;
await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: OMO_URL, headers: [["Authorization", `Bearer ${OMO_KEY}`]] }));
const client = OpenFeature.getClient();
const ask = async (what, campaign, context) => {
  const { value, variant, reason, errorCode } = await client.getObjectDetails(campaign, { mine: true }, context);
  console.log(what + ": " + JSON.stringify({ value, variant, reason, errorCode }));
};
await ask("away", "gold", { targetingKey: "server-1", rank: "gold" });
await ask("gold", "gold", { targetingKey: "server-1", rank: "gold" });
await ask("not gold", "gold", { targetingKey: "server-1" });
await ask("control", "kept", { targetingKey: "server-1", url: "https://shop.example/" });
await ask("unknown", "xmas", { targetingKey: "server-1" });
await ask("nobody", "gold", {});
