// One English sentence part for every status; both libraries answer with it.
#pragma once

#include <cstdint>

#include "hobot/hb_ucp_status.h"

namespace bpusim {

struct StatusText {
  std::int32_t status;
  const char* name;
  const char* text;
};

inline constexpr StatusText kStatusTexts[] = {
#define HBM_STATUS(name, text) {name, #name, text},
#include "statuses.inc"
};

// The row of a status, or nullptr for a number that is no status.
[[nodiscard]] constexpr const StatusText* findStatus(std::int32_t status) noexcept {
  for (const StatusText& row : kStatusTexts) {
    if (row.status == status) {
      return &row;
    }
  }
  return nullptr;
}

// The vendor's codecs have these statuses; public documents give their numbers and no names.
inline constexpr std::int32_t kFirstCodecStatus = -800001;
inline constexpr const char* kCodecTexts[] = {"codec failure 1", "codec failure 2", "codec failure 3",
                                              "codec failure 4", "codec failure 5", "codec failure 6"};

// Never nullptr.
[[nodiscard]] constexpr const char* statusText(std::int32_t status) noexcept {
  if (const StatusText* row = findStatus(status)) {
    return row->text;
  }
  for (const char* const& text : kCodecTexts) {
    if (status == kFirstCodecStatus - static_cast<std::int32_t>(&text - kCodecTexts)) {
      return text;
    }
  }
  return "no status of this driver";
}

}  // namespace bpusim
