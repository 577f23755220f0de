<?php
// Print who STS says we are, CALLS times with PAUSE_S between: AsyncAws's default chain.
require_once "AsyncAws/Core/autoload.php";

[, $calls, $pause_s] = $argv + [1 => "1", 2 => "0"];
// This SDK doesn't know AWS_ENDPOINT_URL_STS.
$sts = new AsyncAws\Core\Sts\StsClient(["region" => "us-east-1", "endpoint" => getenv("AWS_ENDPOINT_URL_STS")]);
for ($call = 0; $call < (int) $calls; $call++) {
    if ($call > 0) {
        usleep((int) ((float) $pause_s * 1e6));
    }
    try {
        echo $sts->getCallerIdentity()->getArn(), "\n";
    } catch (Throwable $error) {
        fwrite(STDERR, get_class($error) . ": " . $error->getMessage() . "\n");
        exit(1);
    }
}
