// Print who STS says we are, CALLS times with PAUSE_S between: SDK v3, default chain.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import { repeat } from "./repeat.mjs";

const sts = new STSClient({ region: "us-east-1" });
await repeat(async () => (await sts.send(new GetCallerIdentityCommand({}))).Arn);
