# Reads JSON without a tool beyond awk: every scalar of it, by its path, as it is spelled there.

# <file>: "<path><tab><value>" for each scalar, such as `/layers/0/digest<tab>"sha256:..."`; fails where it is no JSON.
json_values() {
  LC_ALL=C awk '
    function fail() { bad = 1; exit 1 }
    function skip() { sub(/^[ \t\r\n]+/, "", text) }
    function take(character) { skip(); if (substr(text, 1, 1) != character) fail(); text = substr(text, 2) }
    function scalar(pattern,  found) {
      if (match(text, pattern) != 1) fail()
      found = substr(text, 1, RLENGTH); text = substr(text, RLENGTH + 1)
      return found
    }
    function string() { skip(); return scalar("^\"([^\"\\\\]|\\\\.)*\"") }
    function members(path, close_with, named,  index_, key) {
      text = substr(text, 2); skip()
      if (substr(text, 1, 1) == close_with) { text = substr(text, 2); return }
      for (index_ = 0; ; index_++) {
        key = index_
        if (named) { key = string(); key = substr(key, 2, length(key) - 2); take(":") }
        value(path "/" key); skip()
        if (substr(text, 1, 1) != ",") break
        text = substr(text, 2)
      }
      take(close_with)
    }
    function value(path,  first) {
      skip(); first = substr(text, 1, 1)
      if (first == "{") members(path, "}", 1)
      else if (first == "[") members(path, "]", 0)
      else if (first == "\"") print path "\t" string()
      else print path "\t" scalar("^[-+.0-9A-Za-z]+")
    }
    { text = text $0 "\n" }
    END { if (bad) exit 1; value(""); skip(); if (text != "") exit 1 }' "$1"
}

# <file of json_values> <path>: the value, nothing where there is none.
json_value() {
  json_path=$2 LC_ALL=C awk -F '\t' '$1 == ENVIRON["json_path"] { print substr($0, length($1) + 2); exit }' "$1"
}

# <file of json_values> <path>: the same for a string, without its quotes.
json_text() {
  json_value "$1" "$2" | sed -n 's/^"\(.*\)"$/\1/p'
}
