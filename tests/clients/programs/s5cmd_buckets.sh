#!/bin/sh
# List the buckets with s5cmd, one process for all calls: s5cmd_buckets.sh S5CMD [CALLS PAUSE_S]
s5cmd=$1 calls=${2:-1} pause_s=${3:-0}
# s5cmd's own tries would multiply its SDK's.
list() {
    exec "$s5cmd" --retry-count 0 --endpoint-url "$AWS_ENDPOINT_URL_S3" "$1"
}

if [ "$calls" = 1 ]; then
    list ls
fi
while [ "$calls" -gt 0 ]; do
    echo ls
    sleep "$pause_s"
    calls=$((calls - 1))
done | list run
