// Print who STS says we are, CALLS times with PAUSE_S between: SDK v2, default chain.
import AWS from "aws-sdk";

import { repeat } from "./repeat.mjs";

// This SDK doesn't know AWS_ENDPOINT_URL_STS.
const sts = new AWS.STS({ region: "us-east-1", endpoint: process.env.AWS_ENDPOINT_URL_STS });
await repeat(async () => (await sts.getCallerIdentity().promise()).Arn);
