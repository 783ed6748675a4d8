# Huge pages for the server that is measured, as a server with millions of sessions has them. With pages of 4 kB each connection's
# first touch of each page of shared memory is a page fault, which on a virtual machine can cost more than a statement.

# reserve_huge_pages MB: for that much of shared_buffers, until the script ends. Where it is not allowed, or memory is short, the
# server runs without; the report says which it was.
reserve_huge_pages() {
  local pages=/proc/sys/vm/nr_hugepages
  if ! [ -w "$pages" ]; then
    say "huge pages can't be reserved here"
    return
  fi
  [ -e "$work/huge_pages" ] || cat "$pages" >"$work/huge_pages"
  # The server's other shared memory is a twentieth of its buffers and some.
  echo $(($(cat "$work/huge_pages") + $1 * 11 / 10 / 2 + 100)) >"$pages"
  grep HugePages /proc/meminfo
}

release_huge_pages() {
  if [ -n "$work" ] && [ -e "$work/huge_pages" ]; then cat "$work/huge_pages" >/proc/sys/vm/nr_hugepages; fi
}
trap 'stop_cluster; release_huge_pages; cleanup' EXIT
