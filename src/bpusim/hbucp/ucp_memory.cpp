// hbUCPMalloc, hbUCPMallocCached, hbUCPFree, hbUCPMemFlush.
#include "hbucp/entry.hpp"
#include "hbucp/memory.hpp"
#include "hobot/hb_ucp_sys.h"

namespace {

using bpusim::DeviceMemory;
using bpusim::guarded;
using bpusim::reportFailure;

// Cached and uncached memory are the same here: CPU and simulated device see one memory.
std::int32_t allocate(const char* function, hbUCPSysMem* mem, std::uint64_t size, std::int32_t deviceId) {
  return guarded(function, [&] {
    if (mem == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "mem is NULL");
    }
    if (size == 0) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "size is 0");
    }
    if (deviceId != 0) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "deviceId must be 0");
    }
    return DeviceMemory::instance().allocate(mem, size);
  });
}

}  // namespace

extern "C" {

std::int32_t hbUCPMalloc(hbUCPSysMem* mem, std::uint64_t size, std::int32_t deviceId) {
  return allocate(__func__, mem, size, deviceId);
}

std::int32_t hbUCPMallocCached(hbUCPSysMem* mem, std::uint64_t size, std::int32_t deviceId) {
  return allocate(__func__, mem, size, deviceId);
}

std::int32_t hbUCPFree(hbUCPSysMem* mem) {
  return guarded(__func__, [&] {
    if (mem == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "mem is NULL");
    }
    return DeviceMemory::instance().free(mem->virAddr);
  });
}

// The CPU and the simulated device share their caches, so there is nothing to do but to find mistakes.
std::int32_t hbUCPMemFlush(const hbUCPSysMem* mem, std::int32_t flag) {
  return guarded(__func__, [&]() -> std::int32_t {
    if (mem == nullptr) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT, "mem is NULL");
    }
    if (flag != HB_SYS_MEM_CACHE_INVALIDATE && flag != HB_SYS_MEM_CACHE_CLEAN) {
      return reportFailure(HB_UCP_INVALID_ARGUMENT,
                           "flag must be HB_SYS_MEM_CACHE_INVALIDATE (1) or HB_SYS_MEM_CACHE_CLEAN (2)");
    }
    if (DeviceMemory::instance().blockAt(mem->virAddr, mem->memSize) == nullptr) {
      return reportFailure(HB_UCP_MEM_IS_INVALID, "virAddr and memSize do not lie inside one live block");
    }
    return HB_UCP_SUCCESS;
  });
}

}  // extern "C"
