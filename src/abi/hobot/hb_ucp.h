/* Tasks, scheduling and versions of libhbucp. */
#ifndef HOBOT_HB_UCP_H_
#define HOBOT_HB_UCP_H_

#include <stdint.h>

#include "hobot/hb_ucp_status.h"
#include "hobot/hb_ucp_sys.h"

#ifdef __cplusplus
extern "C" {
#endif

#define HB_UCP_VERSION_MAJOR 3U
#define HB_UCP_VERSION_MINOR 13U
#define HB_UCP_VERSION_PATCH 6U

/* Bits of hbUCPSchedParam.backend. HB_UCP_CORE_ANY stands alone; the others may be combined. */
#define HB_UCP_CORE_ANY (0ULL << 0)
#define HB_UCP_BPU_CORE_0 (1ULL << 0)
#define HB_UCP_BPU_CORE_1 (1ULL << 1)
#define HB_UCP_BPU_CORE_2 (1ULL << 2)
#define HB_UCP_BPU_CORE_3 (1ULL << 3)
#define HB_UCP_BPU_CORE_ANY (1ULL << 7)
#define HB_UCP_DSP_CORE_0 (1ULL << 8)
#define HB_UCP_DSP_CORE_1 (1ULL << 9)
#define HB_UCP_DSP_CORE_ANY (1ULL << 15)
#define HB_UCP_GDC_CORE_0 (1ULL << 16)
#define HB_UCP_GDC_CORE_1 (1ULL << 17)
#define HB_UCP_GDC_CORE_ANY (1ULL << 19)
#define HB_UCP_STITCH_CORE_0 (1ULL << 20)
#define HB_UCP_LKOF_CORE_0 (1ULL << 24)
#define HB_UCP_JPU_CORE_0 (1ULL << 25)
#define HB_UCP_JPU_CORE_1 (1ULL << 26)
#define HB_UCP_JPU_CORE_2 (1ULL << 27)
#define HB_UCP_JPU_CORE_ANY (1ULL << 29)
#define HB_UCP_VPU_CORE_0 (1ULL << 30)
#define HB_UCP_VPU_CORE_1 (1ULL << 31)
#define HB_UCP_VPU_CORE_2 (1ULL << 32)
#define HB_UCP_VPU_CORE_ANY (1ULL << 33)
#define HB_UCP_PYRAMID_CORE_0 (1ULL << 35)
#define HB_UCP_PYRAMID_CORE_1 (1ULL << 36)
#define HB_UCP_PYRAMID_CORE_2 (1ULL << 37)
#define HB_UCP_PYRAMID_CORE_3 (1ULL << 38)
#define HB_UCP_PYRAMID_CORE_4 (1ULL << 39)
#define HB_UCP_PYRAMID_CORE_ANY (1ULL << 40)
#define HB_UCP_ISP_CORE_0 (1ULL << 42)
#define HB_UCP_ISP_CORE_1 (1ULL << 43)
#define HB_UCP_ISP_CORE_2 (1ULL << 44)
#define HB_UCP_ISP_CORE_3 (1ULL << 45)

typedef enum hbUCPTaskPriority { HB_UCP_PRIORITY_LOWEST = 0, HB_UCP_PRIORITY_HIGHEST = 255 } hbUCPTaskPriority;

typedef void* hbUCPTaskHandle_t;

/* Bigger priority first: 0..253 queue, 254 overtakes those, 255 overtakes all. Among equals the smaller customId. */
typedef struct hbUCPSchedParam {
  int32_t priority;
  int64_t customId;
  uint64_t backend;
  uint32_t deviceId;
} hbUCPSchedParam;

#define HB_UCP_INITIALIZE_SCHED_PARAM(param)    \
  do {                                          \
    (param)->priority = HB_UCP_PRIORITY_LOWEST; \
    (param)->customId = 0;                      \
    (param)->backend = HB_UCP_CORE_ANY;         \
    (param)->deviceId = 0;                      \
  } while (0)

/* Called once when a task has ended; status is what hbUCPWaitTaskDone returns for it. */
typedef void (*hbUCPTaskDoneCb)(hbUCPTaskHandle_t task, int32_t status, void* userdata);

const char* hbUCPGetVersion(void);
const char* hbUCPGetSocName(void);

/* Puts a task into the scheduler's queue and returns. A handle can be submitted once. */
int32_t hbUCPSubmitTask(hbUCPTaskHandle_t task, hbUCPSchedParam* schedParam);

/* Waits until the task has ended; timeout in milliseconds, 0 waits for ever. */
int32_t hbUCPWaitTaskDone(hbUCPTaskHandle_t task, int32_t timeout);

/* Sets the function to be called when the task ends; before hbUCPSubmitTask. */
int32_t hbUCPSetTaskDoneCb(hbUCPTaskHandle_t task, hbUCPTaskDoneCb callback, void* userdata);

/* Gives the task back; needed for every task, failed ones too. */
int32_t hbUCPReleaseTask(hbUCPTaskHandle_t task);

const char* hbUCPGetErrorDesc(int32_t status);

#ifdef __cplusplus
}
#endif

#endif /* HOBOT_HB_UCP_H_ */
