module application

go 1.26
