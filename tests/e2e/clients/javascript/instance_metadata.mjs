// Ask instance metadata for credentials, once; exit with 1 where there are none.
import { fromInstanceMetadata } from "@aws-sdk/credential-providers";

try {
  await fromInstanceMetadata()();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
