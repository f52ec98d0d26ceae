// The checksum, against the test vectors that the algorithm's authors publish.
#include <string>

#include "dnn/files/xxh64.hpp"
#include "support/check.hpp"

namespace {

// The published test buffer.
std::string sanityBuffer(std::size_t size) {
  std::string buffer;
  for (std::uint64_t state = 2654435761U; buffer.size() < size; state *= 11400714785074694797U) {
    buffer += static_cast<char>(state >> 56U);
  }
  return buffer;
}

}  // namespace

TEST(published_vectors) {
  const std::pair<std::size_t, std::uint64_t> vectors[] = {
      {0, 0xEF46DB3751D8E999},  {1, 0xE934A84ADB052768},   {4, 0x9136A0DCA57457EE},   {14, 0x8282DCC4994E35C8},
      {31, 0x299b39a290e6d783}, {32, 0x18b216492bb44b70},  {33, 0x55c8dc3e578f5b59},  {63, 0xa9efbe0fa0f3f4e7},
      {64, 0xef558f8acac2b5cd}, {100, 0x4bfe019cd91d9ea4}, {222, 0xB641AE8CB691C174}, {256, 0x5e3f5bf94d574981}};
  for (const auto& [size, hash] : vectors) {
    CHECK_EQ(bpusim::xxh64Of(sanityBuffer(size)), hash);
  }
  CHECK_EQ(bpusim::xxh64Of("a"), 0xD24EC4F1A98C6E5BU);
  CHECK_EQ(bpusim::xxh64Of("abc"), 0x44BC2CF5AD770999U);
}

TEST(every_byte_counts_and_alignment_does_not) {
  const std::string buffer = sanityBuffer(100);
  for (std::size_t i = 0; i < buffer.size(); ++i) {
    std::string changed = buffer;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    CHECK(bpusim::xxh64Of(changed) != bpusim::xxh64Of(buffer));
    const std::string shifted = std::string(i, 'x') + buffer;
    CHECK_EQ(bpusim::xxh64Of(std::string_view(shifted).substr(i)), bpusim::xxh64Of(buffer));
  }
}
