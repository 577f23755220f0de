// What each program here has in common: how often it asks, and what it says of a failure.
import { setTimeout as pause } from "node:timers/promises";

const [calls = "1", pauseS = "0"] = process.argv.slice(2);

export async function repeat(ask) {
  for (let call = 0; call < Number(calls); call++) {
    if (call > 0) await pause(Number(pauseS) * 1000);
    try {
      console.log(await ask());
    } catch (error) {
      console.error(`${error.name}: ${error.message}`);
      process.exit(1);
    }
  }
}
