// Every test here starts several processes and may pause or kill them: two at a time would judge each other's load.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
