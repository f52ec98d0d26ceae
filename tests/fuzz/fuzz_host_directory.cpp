// The reader of host model files behind its checksums: the input is a u32, a directory of that length, and what follows
// as blobs. Small inputs reach everything, as the zeros between the parts of a file are not in them.
#include <algorithm>

#include "bpusim/dnn/host_file_writer.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view rest = input.substr(std::min<std::size_t>(4, size));
  const std::size_t length = std::min<std::size_t>(host_file_writer::get<std::uint32_t>(input, 0), rest.size());
  fuzz::read(host_file_writer::assemble(rest.substr(0, length), rest.substr(length)));
  return 0;
}
