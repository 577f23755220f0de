// Print who STS says we are, with whatever credentials the default chain finds.
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const identity = await new STSClient({ region: "us-east-1" }).send(new GetCallerIdentityCommand({}));
console.log(identity.Arn);
