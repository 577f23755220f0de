#!/bin/sh
# Sees to it that the sidecar runs, as the remote user. Called when the container starts (perhaps as root), and by the
# tools at each start and attach, when secrets are there. It doesn't wait for the sidecar, and doesn't fail with it: a
# container without credentials is better than none.
state=/var/lib/cone-sidecar
settings=/etc/cone-sidecar

# A volume from before the user's number changed, or one that was made without the image's content.
own_state() {
    chgrp cone-sidecar "$state"
    chmod 0770 "$state"
    find "$state" -mindepth 1 ! -user "$1" -exec chown -h "$1" {} +
}

start() {
    user=$(cat "$settings/user")
    if [ "$(id -u)" = 0 ]; then own_state "$user"; fi
    if [ "$(id -u)" = 0 ] && [ "$user" != root ]; then
        su "$user" -s /bin/sh -c /usr/local/bin/cone-sidecar-start
    else
        /usr/local/bin/cone-sidecar-start
    fi
}

if [ -e "$settings/autostart" ]; then start </dev/null; fi
exec "$@"
