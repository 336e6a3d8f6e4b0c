# radpipe - one Makefile, not recursive.  make | make test | make lint | make check | make bench
# make ASAN=1 ... builds with address and undefined-behaviour sanitizers into build-asan.
# CC, CXX, MPI_*, HDF5_*, DNNL_*, DCMTK_*, BLAS_*, FFTW_* may be given for systems other than Debian 12.

# The rooms from the top floor down (tools/floors.txt has the floors).
rooms := pipeline stages report cohort mpi io radiomics net stats image base

B     ?= $(if $(ASAN),build-asan,build)
CC    := gcc
CXX   := g++
AR    := ar
pc     = $(shell pkg-config $1 2>/dev/null)

MPI_CFLAGS   ?= $(call pc,--cflags ompi-c)
MPI_LIBS     ?= $(call pc,--libs ompi-c)
HDF5_CFLAGS  ?= $(call pc,--cflags hdf5-openmpi)
HDF5_LIBS    ?= $(call pc,--libs hdf5-openmpi)
openblas     := /usr/lib/x86_64-linux-gnu/openblas-serial
BLAS_CFLAGS  ?= -I/usr/include/x86_64-linux-gnu/openblas-serial
BLAS_LIBS    ?= -L$(openblas) -Wl,-rpath,$(openblas) -lopenblas
DNNL_CFLAGS  ?=
DNNL_LIBS    ?= -ldnnl
DCMTK_CFLAGS ?=
DCMTK_LIBS   ?= -ldcmjpls -ldcmtkcharls -ldcmjpeg -lijg8 -lijg12 -lijg16 -ldcmimgle -ldcmdata -loflog -lofstd
FFTW_CFLAGS  ?=
FFTW_LIBS    ?= -lfftw3

comma    := ,
opt      := $(if $(ASAN),-O1 -fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer,-O3 -D_FORTIFY_SOURCE=2)
# with sanitizers gcc sees paths that are none: two of its warnings are left out there
warn     := -Wall -Wextra -Wpedantic -Wshadow -Wformat=2 -Werror $(if $(ASAN),-Wno-format-truncation -Wno-maybe-uninitialized)
common   := -g $(opt) -I. -D_GNU_SOURCE -fPIE -fopenmp -ffp-contract=off -fstack-protector-strong $(warn)
CFLAGS   := -std=c17 $(common) -Wconversion -Wstrict-prototypes
CXXFLAGS := -std=c++17 $(common)
LDFLAGS  := -pie -Wl,-z,relro,-z,now -fopenmp $(if $(ASAN),-fsanitize=address$(comma)undefined)

FLAGS_base     := $(call pc,--cflags yaml-0.1 jansson libsodium)
FLAGS_image    := $(FFTW_CFLAGS)
FLAGS_stats    := $(BLAS_CFLAGS)
FLAGS_net      := $(BLAS_CFLAGS) $(DNNL_CFLAGS)
FLAGS_io       := $(HDF5_CFLAGS) $(MPI_CFLAGS) $(DCMTK_CFLAGS) $(call pc,--cflags libopenjp2 libpng zlib libzstd)
FLAGS_mpi      := $(MPI_CFLAGS)
FLAGS_pipeline := -DRP_VERSION='"$(shell cat VERSION)"'
FLAGS_tests    := -Wno-conversion $(call pc,--cflags criterion) $(HDF5_CFLAGS) $(MPI_CFLAGS)
FLAGS_bench    := $(HDF5_CFLAGS) $(MPI_CFLAGS)

LIBS_base   := $(call pc,--libs yaml-0.1 jansson libsodium)
LIBS_image  := $(FFTW_LIBS)
LIBS_stats  := $(BLAS_LIBS)
LIBS_net    := $(DNNL_LIBS) $(BLAS_LIBS)
LIBS_io     := $(HDF5_LIBS) $(MPI_LIBS) $(DCMTK_LIBS) $(call pc,--libs libopenjp2 libpng zlib libzstd)
LIBS_mpi    := $(MPI_LIBS)

# lib/net/unet.c -> net; pipeline/run.c -> pipeline
room  = $(firstword $(subst /, ,$(patsubst lib/%,%,$1)))
# this room and all under it
below = $(shell echo $(rooms) | sed 's/.*\<$1\>/$1/')
home  = $(firstword $(wildcard lib/$1) $1)
# all C and C++ files of a room, folders below it included; the plug-in is a library of its own
srcs  = $(shell find $(call home,$1) \( -name '*.c' -o -name '*.cc' \) -not -path 'io/plugin/*' 2>/dev/null | LC_ALL=C sort)
objs  = $(patsubst %,$B/%.o,$(basename $(call srcs,$1)))
libs  = $(foreach r,$1,$(LIBS_$r)) -lstdc++ -lpthread -lm

program := $B/radpipe
plugin  := $B/plugin/libh5zstd.so
tests   := $(patsubst tests/%.c,$B/tests/%,$(sort $(wildcard tests/test_*.c)))
ranks   := $(patsubst tests/ranks/%.c,$B/tests/ranks/%,$(sort $(wildcard tests/ranks/*.c)))
benches := $(patsubst bench/%.c,$B/bench/%,$(sort $(wildcard bench/bench_*.c)))
benchlib := $(patsubst %.c,$B/%.o,$(filter-out bench/bench_%,$(sort $(wildcard bench/*.c))))

.PHONY: all tests test check lint bench bench-layers clean
.SECONDARY:
all: $(program) $(plugin)

$B/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo 'CC $<'
	@$(CC) $(CFLAGS) $(FLAGS_$(call room,$<)) $(if $(findstring _avx512,$<),-mavx512f -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma) $(if $(findstring _avx2,$<),-mavx2 -mfma) -MMD -MP -c $< -o $@
$B/%.o: %.cc Makefile
	@mkdir -p $(@D)
	@echo 'CXX $<'
	@$(CXX) $(CXXFLAGS) $(FLAGS_$(call room,$<)) -MMD -MP -c $< -o $@

$B/pipeline/verb_submit.o: slurm/run.sbatch

# One archive a room, made anew; it depends on the room's folders too, else a deleted file lives on.
define room_archive
$B/rooms/$1.a: $(call objs,$1) $(shell find $(call home,$1) -type d 2>/dev/null)
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcsD $$@ $(call objs,$1)
endef
$(foreach r,$(rooms),$(eval $(call room_archive,$r)))
archives = $(patsubst %,$B/rooms/%.a,$1)

$(program): $(call archives,$(rooms))
	@echo 'LD $(notdir $@)'
	@$(CXX) $(LDFLAGS) -o $@ $(call objs,pipeline) $(call archives,$(filter-out pipeline,$(rooms))) $(call libs,$(rooms))

$(plugin): io/plugin/h5zstd.c io/h5zstd_codec.c io/h5zstd_codec.h Makefile
	@mkdir -p $(@D)
	$(CC) -std=c17 -O3 -g -fPIC -shared -I. -D_GNU_SOURCE $(warn) $(HDF5_CFLAGS) -o $@ $(filter %.c,$^) $(call pc,--libs libzstd)

# tests/test_net_loss.c -> net
test_room = $(word 2,$(subst _, ,$(basename $(notdir $1))))
define test_program
# Criterion comes before the archives: pipeline.a has a main too.
$B/tests/$1: $B/tests/$1.o $B/tests/harness.o $$(call archives,$$(call below,$2))
	@echo 'LD $$(notdir $$@)'
	@$(CXX) $(LDFLAGS) -o $$@ $B/tests/$1.o $B/tests/harness.o $$(call pc,--libs criterion) $$(filter %.a,$$^) $$(call libs,$$(call below,$2))
endef
$(foreach t,$(notdir $(tests)),$(eval $(call test_program,$t,$(call test_room,$t))))

$B/tests/ranks/%: $B/tests/ranks/%.o $(call archives,$(filter-out pipeline,$(rooms)))
	@echo 'LD $(notdir $@)'
	@$(CXX) $(LDFLAGS) -o $@ $^ $(call libs,$(rooms))
$B/bench/bench_%: $B/bench/bench_%.o $(benchlib) $(call archives,$(filter-out pipeline,$(rooms)))
	@echo 'LD $(notdir $@)'
	@$(CXX) $(LDFLAGS) -o $@ $^ $(call libs,$(rooms))

tests: all $(tests) $(ranks)
test: tests
	tools/run-tests $B
check: lint test

lint:
	python3 tools/floors.py
	CC="$(CC) $(MPI_CFLAGS) $(HDF5_CFLAGS) $(FLAGS_base) $(FLAGS_net) -D_GNU_SOURCE" tools/headers.sh .
	@$(MAKE) --no-print-directory $(call archives,$(rooms))
	tools/symbols.sh tools/symbols.txt $(call archives,$(rooms))
	tools/lint

bench: all $(benches)
	tools/bench $B
bench-layers: all $(benches)
	$B/bench/bench_layers

clean:
	rm -rf build build-asan

-include $(shell find $B -name '*.d' 2>/dev/null)
