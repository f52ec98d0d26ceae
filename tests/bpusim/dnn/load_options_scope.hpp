// Load options of bpusim for a test.
#pragma once

#include <cstdint>

#include "conformance/dnn_support.hpp"

namespace dnn {

inline const bpusimInterface& driver() { return needExtension(); }

// Load options of this thread, taken back at the end.
class Options {
 public:
  explicit Options(const bpusimLoadOptions& options) { CHECK_EQ(set(options), HB_UCP_SUCCESS); }
  ~Options() { static_cast<void>(driver().setLoadOptions(nullptr)); }
  Options(const Options&) = delete;
  Options& operator=(const Options&) = delete;

  static std::int32_t set(bpusimLoadOptions options) {
    options.size = sizeof(options);
    return driver().setLoadOptions(&options);
  }
};

}  // namespace dnn
