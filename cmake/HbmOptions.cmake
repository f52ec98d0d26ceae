# The target hbm_options: what every C++ target of the project is compiled with.
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release)
endif()

find_package(Threads REQUIRED)

add_library(hbm_options INTERFACE)
target_link_libraries(hbm_options INTERFACE Threads::Threads ${CMAKE_DL_LIBS})
target_compile_options(
  hbm_options
  INTERFACE -Wall
            -Wextra
            -Wpedantic
            -Wshadow
            -Wconversion
            -Wcast-align
            -Wformat=2
            $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>
            $<$<COMPILE_LANGUAGE:CXX>:-Woverloaded-virtual>
            $<$<BOOL:${HBM_WERROR}>:-Werror>)

# What keeps an error in memory from becoming more than a crash; distributions' packagers set it, too.
target_compile_options(hbm_options INTERFACE -fstack-protector-strong)
target_link_options(hbm_options INTERFACE "LINKER:-z,relro,-z,now,-z,noexecstack")
if(NOT HBM_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug") # FORTIFY_SOURCE needs optimisation
  target_compile_options(hbm_options INTERFACE "SHELL:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2")
endif()

if(HBM_SANITIZE)
  # The lightest optimisation and debug information that still tell the line: instrumented code takes long to compile.
  add_compile_options(-fsanitize=${HBM_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -O1 -g1)
  add_link_options(-fsanitize=${HBM_SANITIZE})
endif()
