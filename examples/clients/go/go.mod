module qlink

go 1.19
