/* Device memory of libhbucp. */
#ifndef HOBOT_HB_UCP_SYS_H_
#define HOBOT_HB_UCP_SYS_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One block of physically contiguous memory, or a window into one: both addresses moved alike, size reduced. */
typedef struct hbUCPSysMem {
  uint64_t phyAddr;
  void* virAddr;
  uint64_t memSize;
} hbUCPSysMem;

typedef enum hbUCPSysMemFlushFlag {
  HB_SYS_MEM_CACHE_INVALIDATE = 1, /* before the CPU reads what the device wrote */
  HB_SYS_MEM_CACHE_CLEAN = 2       /* after the CPU wrote, before the device reads */
} hbUCPSysMemFlushFlag;

/* Allocates uncached memory; fills all three fields of mem. deviceId is reserved, pass 0. */
int32_t hbUCPMalloc(hbUCPSysMem* mem, uint64_t size, int32_t deviceId);

/* Allocates cached memory, which needs hbUCPMemFlush around device access. */
int32_t hbUCPMallocCached(hbUCPSysMem* mem, uint64_t size, int32_t deviceId);

/* Frees the block that starts at mem's address; memSize is not looked at. */
int32_t hbUCPFree(hbUCPSysMem* mem);

/* Cleans or invalidates the CPU cache over mem; flag is one of hbUCPSysMemFlushFlag. */
int32_t hbUCPMemFlush(const hbUCPSysMem* mem, int32_t flag);

#ifdef __cplusplus
}
#endif

#endif /* HOBOT_HB_UCP_SYS_H_ */
