// The text of a failure, kept where nothing may throw.
#pragma once

#include <new>
#include <string>

namespace bpusim {

// Keeps the text; none where no memory is left for it, and the status alone says what has failed.
inline void keepText(std::string& kept, const char* text) noexcept {
  try {
    kept = text;
  } catch (const std::bad_alloc&) {
    kept.clear();
  }
}

}  // namespace bpusim
