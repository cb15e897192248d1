"""What libraries read once, when they are loaded or start their threads."""


def environment(threads, cache):
    """Before any library starts its threads or reads its cache."""
    return {
        "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads),
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={'true' if threads > 1 else 'false'} "
                     f"intra_op_parallelism_threads={threads}",
        "JAX_PLATFORMS": "cpu", "TORCHINDUCTOR_CACHE_DIR": str(cache / "inductor"),
        # Freed pages are kept, and not asked of the kernel again.
        "MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(1 << 40), "MALLOC_TOP_PAD_": str(64 << 20),
        "MALLOC_ARENA_MAX": "1",
        # Large pages for all: what malloc takes from the kernel is advised so.
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    }
