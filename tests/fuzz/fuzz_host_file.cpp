// The reader of host model files on any bytes, and on the same bytes with the checksums put right.
#include "bpusim/dnn/host_file_writer.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string file(reinterpret_cast<const char*>(data), size);
  fuzz::read(file);
  host_file_writer::repair(file);
  fuzz::read(file);
  return 0;
}
