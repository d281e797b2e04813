# The lock of a destination that other pods use at once. The kernel holds it for this program's processes, on the node
# or on the file server, and releases it when they end, however they do.

# <-s or -x>: waits for the lock, shared to look or exclusive to change; to change no longer than until another program
# did it. Only for a destination that is shared.
lock() {
  [ -n "$shared" ] || return 0
  command -v flock > /dev/null || die 64 "settings: --shared needs flock, and this image has none: use one that has it, such as a build of images/downloader"
  # `true`, as a shell ends where it can't redirect a special built-in
  { mkdir -p "$destination" && true <> "$destination/.lock"; } 2> /dev/null || die 64 "settings: cannot write to $destination as user $(id -u)"
  exec 9<> "$destination/.lock" # NFS grants a shared lock to who may read the file, and an exclusive one to who may write it
  flock -u 9 2> /dev/null || : # over NFS a lock that waits to become exclusive would block those that wait for the same
  clock
  lock_from=$now lock_told=$now
  until flock -n "$1" 9 2> "$state/lock"; do
    [ ! -s "$state/lock" ] || die 64 "settings: $destination/.lock cannot be locked ($(tr '\n' ' ' < "$state/lock")): its file system must support flock; mount Lustre with the option flock"
    nap 500
    [ "$1" = -s ] || ! published_meanwhile || return 0
    clock
    [ "$((now - lock_told))" -ge "$progress" ] || continue
    lock_told=$now
    event wait "\"seconds\":$((now - lock_from)),\"reason\":$(json_string "another pod fills or checks $destination")"
  done
}

unlock() {
  [ -z "$shared" ] || exec 9>&-
}
