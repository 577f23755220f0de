#!/bin/sh
# Installs cone and its sidecar while the dev container's image is built, as root. Can be run again: docs/devcontainers.md.
set -eu
umask 022

venv=/opt/cone-sidecar
scripts=/usr/local/share/cone-sidecar
settings=/etc/cone-sidecar
state=/var/lib/cone-sidecar
group=cone-sidecar
# The same in every build: the volume remembers the number, not the name.
group_number=65532
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
user=${_REMOTE_USER:-root}

fail() {
    printf 'cone-sidecar: error: %s\ncone-sidecar: hint: %s\n' "$1" "$2" >&2
    exit 1
}

usable() {
    "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Debian has Python without ensurepip, and then it makes no virtual environment.
found_python() {
    for name in /usr/local/python/current/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if path=$(command -v "$name") && usable "$path"; then
            echo "$path"
            return
        fi
    done
    return 1
}

debian_has() {
    apt-get update -q
    apt-cache policy python3 | awk '/Candidate:/ { split($2, part, "."); exit !(part[1] == 3 && part[2] >= 11) }'
}

install_python() {
    if command -v apt-get >/dev/null; then
        debian_has || return 0
        DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3 python3-venv ca-certificates
        rm -rf /var/lib/apt/lists/*
    elif command -v apk >/dev/null; then
        apk add --no-cache python3 ca-certificates
    fi
}

requirement() {
    if [ -n "${PACKAGE:-}" ]; then
        case $PACKAGE in
            ./*) echo "$here/${PACKAGE#./}" ;;
            *) echo "$PACKAGE" ;;
        esac
        return
    fi
    for wheel in "$here"/cone_sidecar-*.whl; do
        if [ -e "$wheel" ]; then
            echo "$wheel"
            return
        fi
    done
    case ${VERSION:-latest} in
        latest) echo cone-sidecar ;;
        *) echo "cone-sidecar==$VERSION" ;;
    esac
}

install_package() {
    wanted=$(requirement)
    if [ -n "${INDEXURL:-}" ]; then export PIP_INDEX_URL="$INDEXURL"; fi
    "$1" -m venv --clear "$venv"
    "$venv/bin/python" -m pip install --disable-pip-version-check --no-cache-dir --root-user-action ignore -q "$wanted" \
        || fail "$wanted can't be installed" 'set the option "package" to a wheel in the feature'\''s folder, or "indexUrl" to an index that has it'
    [ -x "$venv/bin/cone" ] || fail "$wanted brought no cone" 'the option "package" names another project'
}

# What the container's environment says wins.
default() {
    [ -n "$2" ] || return 0
    value=$(printf %s "$2" | sed "s/'/'\\\\''/g")
    # shellcheck disable=SC2016 # the variable is for whoever reads the file
    printf '[ -n "${%s:-}" ] || %s='\''%s'\''; export %s\n' "$1" "$1" "$value" "$1"
}

write_settings() {
    install -d -m 0755 "$settings"
    {
        echo '# The options of the dev container feature: read by cone, by the sidecar and by login shells.'
        default CONE_DEFAULT_PROFILE "${PROFILE:-}"
        default CONE_SSO_URL "${SSOURL:-}"
        default CONE_SSO_REGION "${SSOREGION:-}"
        default CONE_REGION "${REGION:-}"
        default AWS_REGION "${REGION:-}"
        default AWS_DEFAULT_REGION "${REGION:-}"
        default CONE_API_ENDPOINT "${APIENDPOINT:-}"
    } >"$settings/settings.sh"
    echo "$user" >"$settings/user"
    rm -f "$settings/autostart"
    if [ "${AUTOSTART:-true}" = true ]; then touch "$settings/autostart"; fi
    install -d -m 0755 /etc/profile.d
    echo ". $settings/settings.sh" >/etc/profile.d/cone-sidecar.sh
}

# The user's number may change when the container is made, so the group lets the user in, not the owner.
make_state() {
    if command -v groupadd >/dev/null; then
        getent group "$group" >/dev/null || groupadd --gid "$group_number" "$group"
        usermod -a -G "$group" "$user"
    else
        grep -q "^$group:" /etc/group || addgroup -g "$group_number" "$group"
        addgroup "$user" "$group"
    fi
    install -d -m 0770 -o root -g "$group" "$state"
}

[ "$(id -u)" = 0 ] || fail "it has to be installed as root" "let the dev container tools run it, or: sudo ./install.sh"
id "$user" >/dev/null 2>&1 || fail "the image has no user $user" "set \"remoteUser\" to a user of the image, or install common-utils first"
python=$(found_python) || {
    install_python
    python=$(found_python) || fail "Python 3.11 or newer with venv is needed, and this base has none to install" \
        'add the feature ghcr.io/devcontainers/features/python:1, or take Debian 12, Ubuntu 24.04, Alpine 3.19 or newer as the base'
}
install_package "$python"
write_settings
make_state
install -d -m 0755 "$scripts" /usr/local/bin
install -m 0755 "$here/autostart.sh" "$here/supervise.sh" "$here/status.py" "$scripts/"
install -m 0755 "$here/bin/cone" "$here/bin/cone-sidecar-start" "$here/bin/cone-sidecar-status" /usr/local/bin/
cone --version
