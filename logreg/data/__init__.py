"""Where rows come from: frames and files, seen as blocks of plain numpy columns."""
