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
    {HB_UCP_SUCCESS, "HB_UCP_SUCCESS", "success"},
    {HB_UCP_INVALID_ARGUMENT, "HB_UCP_INVALID_ARGUMENT", "invalid argument"},
    {HB_UCP_API_USE_ERROR, "HB_UCP_API_USE_ERROR", "function used in a wrong state or order"},
    {HB_UCP_INIT_FAILED, "HB_UCP_INIT_FAILED", "initialisation failed"},
    {HB_UCP_UNKNOWN_ERROR, "HB_UCP_UNKNOWN_ERROR", "unknown error"},
    {HB_UCP_TASK_NUMBER_EXCEED_LIMIT, "HB_UCP_TASK_NUMBER_EXCEED_LIMIT", "too many tasks"},
    {HB_UCP_TASK_TIMEOUT, "HB_UCP_TASK_TIMEOUT", "the wait for the task timed out"},
    {HB_UCP_TASK_RUN_FAILED, "HB_UCP_TASK_RUN_FAILED", "the task failed while it ran"},
    {HB_UCP_TASK_HANDLE_INVALID, "HB_UCP_TASK_HANDLE_INVALID", "invalid task handle"},
    {HB_UCP_OP_NUMBER_EXCEED_LIMIT, "HB_UCP_OP_NUMBER_EXCEED_LIMIT", "too many operations"},
    {HB_UCP_OP_NOT_REGISTER, "HB_UCP_OP_NOT_REGISTER", "operation not registered"},
    {HB_UCP_OP_CMD_UNAVAILABLE, "HB_UCP_OP_CMD_UNAVAILABLE", "operation command not available"},
    {HB_UCP_MEM_ALLOC_FAIL, "HB_UCP_MEM_ALLOC_FAIL", "memory allocation failed"},
    {HB_UCP_MEM_FREE_FAIL, "HB_UCP_MEM_FREE_FAIL", "memory could not be freed"},
    {HB_UCP_MEM_FLUSH_FAIL, "HB_UCP_MEM_FLUSH_FAIL", "cache could not be cleaned"},
    {HB_UCP_MEM_INVALIDATE_FAIL, "HB_UCP_MEM_INVALIDATE_FAIL", "cache could not be invalidated"},
    {HB_UCP_MEM_IS_INVALID, "HB_UCP_MEM_IS_INVALID", "not device memory"},
    {HB_UCP_MEM_MAP_FAIL, "HB_UCP_MEM_MAP_FAIL", "memory could not be mapped for the device"},
    {HB_UCP_MEM_UNMAP_FAIL, "HB_UCP_MEM_UNMAP_FAIL", "memory could not be unmapped from the device"},
    {HB_UCP_FILE_OPEN_FAILED, "HB_UCP_FILE_OPEN_FAILED", "file could not be opened"},
    {HB_UCP_MODEL_NUMBER_EXCEED_LIMIT, "HB_UCP_MODEL_NUMBER_EXCEED_LIMIT", "too many models"},
    {HB_UCP_MODEL_INVALID, "HB_UCP_MODEL_INVALID", "invalid model"},
    {HB_UCP_MODEL_IS_INUSE, "HB_UCP_MODEL_IS_INUSE", "the model is in use"},
    {HB_UCP_MODEL_INCOMPATIBLE, "HB_UCP_MODEL_INCOMPATIBLE", "the model was made for another device"},
    {HB_UCP_DSP_UNAVAILABLE, "HB_UCP_DSP_UNAVAILABLE", "DSP not available"},
    {HB_UCP_DSP_XV_ALLOC_FAIL, "HB_UCP_DSP_XV_ALLOC_FAIL", "DSP memory allocation failed"},
    {HB_UCP_DSP_XV_FREE_FAIL, "HB_UCP_DSP_XV_FREE_FAIL", "DSP memory could not be freed"},
    {HB_UCP_DSP_IDMA_COPY_FAIL, "HB_UCP_DSP_IDMA_COPY_FAIL", "DSP copy failed"},
    {HB_UCP_DSP_IDMA_BAD_INIT, "HB_UCP_DSP_IDMA_BAD_INIT", "DSP copy engine not initialised"},
    {HB_UCP_DSP_MMAP_FAIL, "HB_UCP_DSP_MMAP_FAIL", "memory could not be mapped for the DSP"},
    {HB_UCP_DSP_INVALID_SCALE, "HB_UCP_DSP_INVALID_SCALE", "invalid scale for the DSP"},
    {HB_UCP_DSP_UNMAP_FAIL, "HB_UCP_DSP_UNMAP_FAIL", "memory could not be unmapped from the DSP"},
    {HB_UCP_DSP_OFFLINE, "HB_UCP_DSP_OFFLINE", "DSP offline"},
    {HB_UCP_ISP_NO_AVAILABLE_SLOT, "HB_UCP_ISP_NO_AVAILABLE_SLOT", "no ISP slot available"},
    {HB_UCP_ISP_CTX_INUSE, "HB_UCP_ISP_CTX_INUSE", "ISP context in use"},
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
