# Huge pages for the server that is measured, as a server with millions of sessions has them. With pages of 4 kB each connection's
# first touch of each page of shared memory is a page fault, which on a virtual machine can cost more than a statement.

# reserve_huge_pages MB: for that much of shared_buffers, until the script ends. Where it is not allowed, or memory is short, the
# server runs without; the report says which it was.
reserve_huge_pages() {
  local pages=/proc/sys/vm/nr_hugepages before size_kb wanted
  if ! [ -w "$pages" ]; then
    say "huge pages can't be reserved here"
    return
  fi
  before=$(cat "$pages")
  size_kb=$(awk '/^Hugepagesize/ { print $2 }' /proc/meminfo)
  # The server's other shared memory is a twentieth of its buffers and some.
  wanted=$((($1 * 1024 * 11 / 10 + 200 * 1024) / size_kb + 1))
  echo $((before + wanted)) >"$pages"
  echo $(($(cat "$pages") - before)) >"$work/huge_pages"
  if [ "$(cat "$work/huge_pages")" -lt "$wanted" ]; then
    say "there is no memory for $wanted huge pages"
    release_huge_pages
  fi
}

# Takes back what this script reserved, whatever others have meanwhile.
release_huge_pages() {
  local pages=/proc/sys/vm/nr_hugepages
  if [ -n "$work" ] && [ -e "$work/huge_pages" ]; then
    echo $(($(cat "$pages") - $(cat "$work/huge_pages"))) >"$pages"
    rm "$work/huge_pages"
  fi
}
trap 'stop_cluster || true; release_huge_pages || true; cleanup' EXIT
