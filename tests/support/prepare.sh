# Sourced by machines/demo.sh and tests/run.sh: what must be installed, and how
# it is built.  $top is the project's folder.

BUILD_PACKAGES="gcc libc6-dev clang cmake ninja-build pkg-config libevent-dev libsqlite3-dev
 libcjson-dev libcmark-dev libcurl4-openssl-dev libssl-dev libpcre2-dev libyaml-dev zlib1g-dev libcmocka-dev curl python3 tzdata"
TEST_PACKAGES="git clang-format cppcheck chromium chromium-driver python3-selenium awscli python3-boto3
 libclang-rt-14-dev fonts-dejavu-core sqlite3 graphviz node-llhttp
 python3-prometheus-client"
AXE=axe-core@4.14.1
JSONATA=jsonata@2.0.6
SDK="@aws-sdk/client-sfn@3.948.0 @aws-sdk/client-eventbridge@3.948.0
 @aws-sdk/client-scheduler@3.948.0"

say() {
    printf '%s\n' "$*"
}

# install PACKAGE...: skips what is there; as root, or with sudo.
install() {
    missing=""
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
            grep -q 'ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            say "these packages are missing, and neither root nor sudo is here:$missing" >&2
            return 3
        }
        sudo=sudo
    fi
    say "installing:$missing"
    $sudo apt-get update -qq || return 3
    DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq \
        --no-install-recommends $missing >/dev/null || return 3
}

# npm_tools: what only npm has, into build/tools.  Debian's npm needs Debian's
# node: it is installed only where there is no npm at all.
npm_tools() {
    [ -f "$top/build/tools/node_modules/axe-core/axe.min.js" ] &&
        [ -d "$top/build/tools/node_modules/jsonata" ] &&
        [ -d "$top/build/tools/node_modules/@aws-sdk/client-sfn" ] &&
        [ -d "$top/build/tools/node_modules/@aws-sdk/client-scheduler" ] && return 0
    command -v npm >/dev/null || install nodejs npm || return 3
    mkdir -p "$top/build/tools"
    npm install --silent --no-audit --no-fund --ignore-scripts \
        --prefix "$top/build/tools" "$AXE" "$JSONATA" $SDK >/dev/null || return 3
}

# build FOLDER [cmake options]: configures once, builds, prints what is wrong.
build() {
    folder=$1
    shift
    log=$folder/build.log
    mkdir -p "$folder"
    # A folder that is made already keeps its generator.
    generator="-G Ninja"
    [ -f "$folder/CMakeCache.txt" ] && generator=""
    if ! cmake $generator -S "$top" -B "$folder" "$@" >"$log" 2>&1 ||
        ! cmake --build "$folder" >>"$log" 2>&1; then
        cat "$log" >&2
        return 1
    fi
    rm -f "$log"
}
