#!/bin/sh
# Runs the sidecar until it is told to stop; one that ends by itself is started again, later and later.
steady_s=60
longest_pause_s=60
pause_s=1
stopping=
child=

stop() {
    stopping=yes
    [ -z "$child" ] || kill "$child" 2>/dev/null
}
trap stop TERM INT

# A signal ends the waiting, not the child.
finish() {
    wait "$child"
    status=$?
    while kill -0 "$child" 2>/dev/null; do
        wait "$child"
        status=$?
    done
}

cd "$HOME" || cd /
while [ -z "$stopping" ]; do
    started=$(date +%s)
    cone serve &
    child=$!
    # Told to stop just now, before there was a child to tell.
    [ -z "$stopping" ] || kill "$child"
    finish
    [ -z "$stopping" ] || break
    [ $(($(date +%s) - started)) -lt "$steady_s" ] || pause_s=1
    echo "the sidecar ended with $status; it is started again in $pause_s s"
    sleep "$pause_s" &
    child=$!
    finish
    pause_s=$((pause_s * 2))
    [ "$pause_s" -le "$longest_pause_s" ] || pause_s=$longest_pause_s
done
