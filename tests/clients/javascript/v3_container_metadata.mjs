// Print who STS says we are, CALLS times with PAUSE_S between: SDK v3 with fromContainerMetadata alone.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromContainerMetadata } from "@aws-sdk/credential-providers";

import { repeat } from "./repeat.mjs";

const sts = new STSClient({ region: "us-east-1", credentials: fromContainerMetadata() });
await repeat(async () => (await sts.send(new GetCallerIdentityCommand({}))).Arn);
