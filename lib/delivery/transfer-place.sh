# The destination: what is published there, whose word for it is good, and how verified files get to where readers look.
#
# DIR/models    what was published; it appears by rename, and only when every byte in it is right
# DIR/.verified files that are right, and `for`: by which manifest, on which boot
# DIR/.incoming what is landing
# DIR/.ready    "<digest> <source>", then the boots of nodes that verified DIR/models, one a line

# <file>: reads a marker of this digest, or where none is pinned of this source. Sets $marked, its digest, and
# $marked_boots. A crash of a node may lose what was not yet on disk, so each boot has to see for itself.
read_marker() {
  marked='' marked_boots=''
  [ -f "$1" ] || return 1
  { IFS=' ' read -r marked marked_source; marked_boots=$(cat); } < "$1" 2> /dev/null || marked=''
  [ -n "$marked" ] && [ "$marked" = "${digest:-$marked}" ] && { [ -n "$digest" ] || [ "$marked_source" = "$source" ]; } && return 0
  marked='' marked_boots=''
  return 1
}

# Whether this boot of this node verified what is published.
trusted() {
  read_marker "$marker" && [ -n "$boot" ] || return 1
  case $newline$marked_boots$newline in *"$newline$boot$newline"*) looks_whole ;; *) return 1 ;; esac
}

# Whether as many files and bytes are published as there were, without a look into them.
looks_whole() {
  [ -f "$published/manifest.sha256" ] && [ -f "$published/model.json" ] || return 1
  cat "$published/manifest.sha256" > "$state/manifest"
  total_bytes=$(declared_total "$published/model.json")
  count_files "$published"
  is_whole && return 0
  total_bytes=0
  return 1
}

# This boot trusts what is published, beside the boots that do so already. What a killed program left goes first: with
# the marker there nobody looks again. Beside others the temporary markers may be theirs.
mark() {
  rm -rf "$destination/.incoming" "$verified_root" 2> /dev/null || :
  [ -n "$shared" ] || rm -f "$marker".*
  read_marker "$marker" || :
  [ "$marked" = "sha256:$manifest_sha" ] || marked_boots=''
  marked=sha256:$manifest_sha
  mark_file=$(mktemp "$marker.XXXXXX") || die 70 "cannot write to $destination"
  {
    printf '%s %s\n' "sha256:$manifest_sha" "$source"
    printf '%s\n' "$marked_boots" "$boot" | LC_ALL=C awk '$0 != ""' | tail -n 64
  } > "$mark_file" 2> /dev/null || marked=''
  if [ -z "$marked" ]; then rm -f "$mark_file" && die 73 "cannot write $marker: raise the volume's size"; fi
  chmod a+r "$mark_file"
  mv -f "$mark_file" "$marker" || die 70 "cannot write $marker"
}

# <file> <digest>
has_digest() {
  [ -f "$1" ] && [ ! -L "${1%/*}" ] && [ "sha256:$(hash_of "$1")" = "$2" ]
}

# Looks without touching anything: whether what is published is right in every byte. Then this boot trusts it too.
confirmed() {
  known=${digest:-$marked}
  [ -n "$known" ] && has_digest "$published/manifest.sha256" "$known" || return 1
  cat "$published/manifest.sha256" > "$state/manifest"
  [ -z "$(manifest_faults "$state/manifest")" ] || return 1
  manifest_sha=${known#sha256:}
  check_published
  count_files "$published"
  total_bytes=$(declared_total "$published/model.json")
  [ "$(wc -l < "$state/right")" -eq "$(wc -l < "$state/manifest")" ] && is_whole || return 1
  mark
  [ -n "$shared" ] && [ -n "$boot" ] || return 0
  for _ in 1 2 3; do # who marks at the same time may leave this boot out
    random_up_to 800
    nap "$((200 + random))"
    ! trusted || break
    mark
  done
}

check_published() {
  check_folder "$published" "$state/right"
  published_checked=1 right_bytes=$landed_bytes
}

prepare_folders() {
  incoming=$destination/.incoming # this program's from here on: before it held the lock, it was another one's
  rm -rf "$marker" "$marker".*
  { mkdir -p "$destination" && rm -rf "$incoming" && mkdir -p "$incoming"; } 2> /dev/null || die 64 "settings: cannot write to $destination as user $(id -u)"
  # A link would have the program change what lies elsewhere.
  if [ -L "$verified_root" ] || [ ! -d "$verified_root" ]; then rm -rf "$verified_root"; fi
  if [ -L "$verified_root/for" ] || [ ! -f "$verified_root/for" ]; then rm -rf "$verified_root/for"; fi
}

# A folder of this manifest stays where readers see it, and its wrong files are replaced one by one. Any other version
# goes out of sight, where what is right of it is used. Sets $in_place.
prepare_published() {
  in_place='' note=$verified_root/for
  if has_digest "$published/manifest.sha256" "sha256:$manifest_sha"; then
    in_place=1
    # First, as a file that was found through a linked folder is not there without the link.
    sweep "$published" "$state/manifest"
    [ ! -s "$state/unnamed" ] || published_checked=''
    [ -n "$published_checked" ] || check_published
    landed_bytes=$right_bytes
    return 0
  fi
  : > "$state/right"
  if [ -d "$published" ] && [ ! -L "$published" ] && [ ! -e "$verified" ]; then
    { mkdir -p "$verified_root" && rm -f "$note" && mv "$published" "$verified"; } || die 70 "cannot move $published"
  else
    rm -rf "$published" 2> /dev/null || die 64 "settings: cannot remove $published as user $(id -u)" # a folder would be moved into it
  fi
}

# Files that were verified by another manifest or on another boot are hashed again; what is wrong is removed.
prepare_verified() {
  noted=''
  [ ! -f "$note" ] || IFS= read -r noted < "$note" || :
  for entry in "$verified_root"/*; do
    case ${entry##*/} in files | for) ;; *) rm -rf "$entry" ;; esac
  done
  [ ! -L "$verified" ] || rm -f "$verified"
  if [ -d "$verified" ] && [ -n "$boot" ] && [ "$noted" = "$manifest_sha $boot" ]; then
    count_files "$verified"
    landed_bytes=$((landed_bytes + bytes_found))
  elif [ -d "$verified" ]; then
    rm -f "$note"
    check_folder "$verified" "$state/kept"
    sweep "$verified" "$state/kept"
  fi
  mkdir -p "$verified"
  cat "$state/manifest" > "$incoming/manifest.sha256" && mv -f "$incoming/manifest.sha256" "$verified/manifest.sha256"
  printf '%s\n' "$manifest_sha $boot" > "$note"
}

# Makes it visible: all at once by the rename of the folder, or where one is published already, file by file.
publish() {
  chmod -R a+rX "$verified" 2> /dev/null || :
  if [ -n "$in_place" ]; then
    while IFS= read -r line; do
      name=${line#*  }
      [ -f "$verified/$name" ] || continue
      case $name in */*) mkdir -p "$published/${name%/*}" ;; esac
      [ ! -L "$published/$name" ] || rm -f "$published/$name"
      mv -f "$verified/$name" "$published/$name" || die 70 "cannot move $name into $published"
    done < "$state/manifest"
    look_over "$published"
  else
    look_over "$verified"
    mv "$verified" "$published" || die 70 "cannot move $verified to $published"
  fi
  mark
}

# <folder>: the final look at the whole.
look_over() {
  count_files "$1"
  is_whole && return 0
  [ "$files_found" = "$expected_files" ] || die 70 "$files_found files are verified, expected are $expected_files"
  die 65 "the manifest's files hold $bytes_found bytes, model.json says $total_bytes: manifest.sha256 and model.json are not of one publication; publish again"
}
